//! Calls about what is attached to things in, their outcomes out.

use ::aws::Fault;
use ::aws::iot::principals::{
    AttachThingPrincipal, AttachThingPrincipalOutput, DetachThingPrincipal, DetachThingPrincipalOutput,
    ListPrincipalThings, ListPrincipalThingsOutput, ListPrincipalThingsV2, ListPrincipalThingsV2Output,
    ListThingPrincipals, ListThingPrincipalsOutput, ListThingPrincipalsV2, ListThingPrincipalsV2Output,
    PrincipalThingObject, ThingPrincipalObject, ThingPrincipalType,
};
use registry::{Attachment, CertificateId, RegistryError, Target};

use super::Plane;
use super::pages::Page;

pub(super) async fn attach(
    plane: &Plane<'_>,
    call: AttachThingPrincipal,
) -> Result<AttachThingPrincipalOutput, Fault> {
    let id = certificate(plane, &call.principal)?;
    let attachment = match call.thing_principal_type {
        Some(ThingPrincipalType::ExclusiveThing) => Attachment::ExclusiveThing,
        _ => Attachment::NonExclusiveThing,
    };
    plane.change(move |draft, scope| draft.attach(scope, &call.thing_name, &id, attachment)).await?;
    Ok(AttachThingPrincipalOutput {})
}

pub(super) async fn detach(
    plane: &Plane<'_>,
    call: DetachThingPrincipal,
) -> Result<DetachThingPrincipalOutput, Fault> {
    let id = certificate(plane, &call.principal)?;
    plane.change(move |draft, scope| draft.detach(scope, &call.thing_name, &id)).await?;
    Ok(DetachThingPrincipalOutput {})
}

pub(super) fn of_thing(
    plane: &Plane<'_>,
    call: ListThingPrincipals,
) -> Result<ListThingPrincipalsOutput, Fault> {
    let page = Page::new(call.next_token.as_deref(), call.max_results)?;
    let (found, next_token) = attached(plane, &call.thing_name, &page, None)?;
    let principals = found.into_iter().map(|(id, _)| plane.certificate_arn(&id)).collect();
    Ok(ListThingPrincipalsOutput { principals, next_token })
}

pub(super) fn of_thing_with_kinds(
    plane: &Plane<'_>,
    call: ListThingPrincipalsV2,
) -> Result<ListThingPrincipalsV2Output, Fault> {
    let page = Page::new(call.next_token.as_deref(), call.max_results)?;
    let (found, next_token) = attached(plane, &call.thing_name, &page, call.thing_principal_type)?;
    let object = |(id, kind): (CertificateId, Attachment)| ThingPrincipalObject {
        principal: plane.certificate_arn(&id),
        thing_principal_type: Some(kind_of(kind)),
    };
    let thing_principal_objects = found.into_iter().map(object).collect();
    Ok(ListThingPrincipalsV2Output { thing_principal_objects, next_token })
}

pub(super) fn things_of(
    plane: &Plane<'_>,
    call: ListPrincipalThings,
) -> Result<ListPrincipalThingsOutput, Fault> {
    let page = Page::new(call.next_token.as_deref(), call.max_results)?;
    let (found, next_token) = things(plane, &call.principal, &page, None)?;
    let things = found.into_iter().map(|(name, _)| name).collect();
    Ok(ListPrincipalThingsOutput { things, next_token })
}

pub(super) fn things_of_with_kinds(
    plane: &Plane<'_>,
    call: ListPrincipalThingsV2,
) -> Result<ListPrincipalThingsV2Output, Fault> {
    let page = Page::new(call.next_token.as_deref(), call.max_results)?;
    let (found, next_token) = things(plane, &call.principal, &page, call.thing_principal_type)?;
    let object =
        |(thing_name, kind)| PrincipalThingObject { thing_name, thing_principal_type: Some(kind_of(kind)) };
    let principal_thing_objects = found.into_iter().map(object).collect();
    Ok(ListPrincipalThingsV2Output { principal_thing_objects, next_token })
}

type Found<T> = Result<(Vec<(T, Attachment)>, Option<String>), Fault>;

/// The certificates of a thing; only those of one kind if it is given.
fn attached(
    plane: &Plane<'_>,
    thing: &str,
    page: &Page,
    wanted: Option<ThingPrincipalType>,
) -> Found<CertificateId> {
    let registry = plane.registry();
    if registry.find_thing(plane.scope, thing).is_none() {
        return Err(plane.fault(&RegistryError::UnknownThing(thing.to_owned())));
    }
    let after = page.after.as_deref().map(super::certificate_id).transpose()?;
    let found = registry.attachments_of(plane.scope, thing, after.as_ref());
    let found = found.filter(|(_, kind)| wanted.is_none_or(|wanted| wanted == kind_of(*kind)));
    Ok(page.cut(found.map(|(id, kind)| (id.to_string(), (id, kind)))))
}

/// The things of a certificate; only those of one kind if it is given.
fn things(
    plane: &Plane<'_>,
    principal: &str,
    page: &Page,
    wanted: Option<ThingPrincipalType>,
) -> Found<String> {
    let id = certificate(plane, principal)?;
    let registry = plane.registry();
    let record = registry.find_certificate(&id).filter(|record| record.scope == *plane.scope);
    let record = record.ok_or_else(|| plane.fault(&RegistryError::UnknownCertificate(id)))?;
    let found = record.things.iter().filter(|(_, kind)| wanted.is_none_or(|wanted| wanted == kind_of(*kind)));
    Ok(page.cut_whole(found.map(|(name, kind)| (name.to_string(), (name.to_string(), kind)))))
}

fn kind_of(attachment: Attachment) -> ThingPrincipalType {
    match attachment {
        Attachment::ExclusiveThing => ThingPrincipalType::ExclusiveThing,
        Attachment::NonExclusiveThing => ThingPrincipalType::NonExclusiveThing,
    }
}

fn certificate(plane: &Plane<'_>, principal: &str) -> Result<CertificateId, Fault> {
    match Target::parse(plane.scope, principal).map_err(|error| plane.fault(&error))? {
        Target::Certificate(id) => Ok(id),
        Target::Identity(_) => Err(Fault::not_implemented(
            "identities of Amazon Cognito as principals of things are not served by Thingstead: give the ARN of a \
             certificate",
        )),
        Target::Group(_) => {
            Err(Fault::invalid_request("a thing group is no principal: give the ARN of a certificate"))
        }
    }
}
