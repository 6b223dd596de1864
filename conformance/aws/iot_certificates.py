"""Device certificates and certificate authorities, as boto3 sees them. Keys and requests are OpenSSL's."""

import base64
import hashlib
import os
import ssl
import subprocess
import tempfile

from aws.caller import DOCUMENT, account_of, arn, client, pages, refused, unserved
from promise import promise


class Workshop:
    """A folder in which OpenSSL makes keys, requests and certificates."""

    def __init__(self, place):
        self.folder = tempfile.TemporaryDirectory(prefix="certificates-")
        place.after(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def text(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def openssl(self, *words):
        subprocess.run(["openssl", *words], check=True, stdin=subprocess.DEVNULL, capture_output=True,
                       cwd=self.folder.name)

    def request(self, name, subject, key=("ec", "ec_paramgen_curve:prime256v1")):
        self.openssl("req", "-new", "-newkey", key[0], "-pkeyopt", key[1], "-nodes", "-subj", subject, "-keyout",
                     f"{name}.key", "-out", f"{name}.csr")
        return self.text(f"{name}.csr")

    def authority(self, name, subject="/CN=Works"):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                     subject, "-days", "30", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout",
                     f"{name}.key", "-out", f"{name}.pem")
        return self.text(f"{name}.pem")

    def signed(self, name, ca, subject, version3=True):
        self.request(name, subject)
        extension = []
        if version3:
            with open(self.path("leaf.ext"), "w") as file:
                file.write("basicConstraints=CA:FALSE\n")
            extension = ["-extfile", "leaf.ext"]
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key",
                     "-CAcreateserial", "-days", "20", "-out", f"{name}.pem", *extension)
        return self.text(f"{name}.pem")


def id_of(pem):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


@promise()
def a_certificate_comes_with_its_keys_once_and_is_inactive_unless_asked(place):
    iot = client(place)
    made = iot.create_keys_and_certificate()
    pem, pair = made["certificatePem"], made["keyPair"]
    assert made["certificateId"] == id_of(pem) and made["certificateArn"] == arn(place, f"cert/{id_of(pem)}")
    assert pair["PrivateKey"].startswith("-----BEGIN RSA PRIVATE KEY-----"), pair["PrivateKey"][:40]
    assert pair["PublicKey"].startswith("-----BEGIN PUBLIC KEY-----")
    shop = Workshop(place)
    for name, text in (("c.pem", pem), ("c.key", pair["PrivateKey"])):
        with open(shop.path(name), "w") as file:
            file.write(text)
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(shop.path("c.pem"), shop.path("c.key"))
    shop.openssl("x509", "-in", "c.pem", "-noout", "-text", "-out", "c.txt")
    assert "(2048 bit)" in shop.text("c.txt") and "Not After : Dec 31 23:59:59 2049" in shop.text("c.txt")
    shown = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
    assert shown["status"] == "INACTIVE" and shown["certificatePem"] == pem
    assert shown["certificateArn"] == made["certificateArn"] and shown["ownedBy"] == account_of(place)
    assert shown["validity"]["notAfter"].year == 2049 and shown["customerVersion"] == 1
    assert shown["certificateMode"] == "DEFAULT" and shown["creationDate"] == shown["lastModifiedDate"]
    active = iot.create_keys_and_certificate(setAsActive=True)["certificateId"]
    assert iot.describe_certificate(certificateId=active)["certificateDescription"]["status"] == "ACTIVE"


@promise()
def private_keys_are_neither_kept_nor_logged(place):
    key = client(place).create_keys_and_certificate()["keyPair"]["PrivateKey"]
    text = "".join(key.splitlines()[1:-1])
    # A line of its text, and some of its bytes.
    secrets = [key.splitlines()[5].encode(), base64.b64decode(text)[300:340]]
    looked = 0
    for folder in (place.server.data, place.server.log_path):
        files = [folder] if os.path.isfile(folder) else [
            os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
        for path in files:
            with open(path, "rb") as file:
                content = file.read()
            looked += len(content)
            assert not any(secret in content for secret in secrets), path
    assert looked > 1000, "nothing was looked at"


@promise()
def requests_are_signed_for_the_keys_that_aws_takes(place):
    iot, shop = client(place), Workshop(place)
    keys = [("rsa", "rsa_keygen_bits:2048")] + [("ec", f"ec_paramgen_curve:{curve}") for curve in ("P-256", "P-384")]
    for number, key in enumerate(keys):
        request = shop.request(f"r{number}", "/CN=device", key)
        made = iot.create_certificate_from_csr(certificateSigningRequest=request, setAsActive=True)
        assert made["certificateId"] == id_of(made["certificatePem"]) and "keyPair" not in made
        again = iot.create_certificate_from_csr(certificateSigningRequest=request)
        assert again["certificateId"] != made["certificateId"], "each call makes a new certificate"
        shown = iot.describe_certificate(certificateId=again["certificateId"])["certificateDescription"]
        assert shown["status"] == "INACTIVE"
    small = shop.request("small", "/CN=device", ("rsa", "rsa_keygen_bits:1024"))
    refused(iot.create_certificate_from_csr, "InvalidRequestException", "1024", certificateSigningRequest=small)
    broken = request.replace("A", "B", 5)
    for text in ("nonsense", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----", broken):
        refused(iot.create_certificate_from_csr, "InvalidRequestException", certificateSigningRequest=text)


@promise()
def a_certificate_changes_its_status_until_it_is_revoked(place):
    iot = client(place)
    made = iot.create_keys_and_certificate()["certificateId"]

    def status():
        return iot.describe_certificate(certificateId=made)["certificateDescription"]["status"]

    for wanted in ("ACTIVE", "INACTIVE", "ACTIVE"):
        iot.update_certificate(certificateId=made, newStatus=wanted)
        assert status() == wanted
    for wanted in ("PENDING_TRANSFER", "PENDING_ACTIVATION", "REGISTER_INACTIVE"):
        refused(iot.update_certificate, "InvalidRequestException", wanted, certificateId=made, newStatus=wanted)
    refused(iot.update_certificate, "InvalidRequestException", "newStatus", certificateId=made, newStatus="active")
    error = refused(iot.delete_certificate, "CertificateStateException", "ACTIVE", certificateId=made)
    assert error["status"] == 406
    refused(iot.delete_certificate, "CertificateStateException", "ACTIVE", certificateId=made, forceDelete=True)
    iot.update_certificate(certificateId=made, newStatus="REVOKED")
    refused(iot.update_certificate, "CertificateStateException", "REVOKED", certificateId=made, newStatus="ACTIVE")
    iot.delete_certificate(certificateId=made)
    for call, more in ((iot.describe_certificate, {}), (iot.delete_certificate, {}),
                       (iot.update_certificate, {"newStatus": "ACTIVE"})):
        error = refused(call, "ResourceNotFoundException", made, certificateId=made, **more)
        assert error["status"] == 404


@promise()
def a_certificate_in_use_is_deleted_by_force_only(place):
    iot = client(place)
    made = iot.create_keys_and_certificate()
    iot.create_thing(thingName="pump")
    iot.create_policy(policyName="p", policyDocument=DOCUMENT)
    iot.attach_policy(policyName="p", target=made["certificateArn"])
    error = refused(iot.delete_certificate, "DeleteConflictException", "policy p",
                    certificateId=made["certificateId"])
    assert error["status"] == 409
    iot.attach_thing_principal(thingName="pump", principal=made["certificateArn"])
    refused(iot.delete_certificate, "DeleteConflictException", "pump", certificateId=made["certificateId"])
    iot.delete_certificate(certificateId=made["certificateId"], forceDelete=True)
    assert iot.list_thing_principals(thingName="pump")["principals"] == []
    assert iot.list_targets_for_policy(policyName="p")["targets"] == []
    iot.delete_thing(thingName="pump")


@promise()
def certificates_are_listed_by_age_in_both_orders(place):
    iot = client(place)
    made = [iot.create_keys_and_certificate(setAsActive=number == 0)["certificateId"] for number in range(5)]

    def listed(**arguments):
        return [one["certificateId"] for one in pages(iot.list_certificates, "certificates", 2, **arguments)]

    ages = [iot.describe_certificate(certificateId=one)["certificateDescription"]["creationDate"] for one in made]
    assert ages == sorted(ages)
    assert listed(ascendingOrder=True) == made
    assert listed() == made[::-1] == listed(ascendingOrder=False)
    one = iot.list_certificates(pageSize=1, ascendingOrder=True)["certificates"][0]
    assert one["status"] == "ACTIVE" and one["certificateArn"] == arn(place, f"cert/{made[0]}")
    assert one["certificateMode"] == "DEFAULT" and one["creationDate"].year > 2000
    refused(iot.list_certificates, "InvalidRequestException", "token", marker="bm9uc2Vuc2U")


@promise()
def ids_that_are_none_are_refused(place):
    iot = client(place)
    unknown = "ab" * 32
    refused(iot.describe_certificate, "ResourceNotFoundException", unknown, certificateId=unknown)
    refused(iot.describe_certificate, "ResourceNotFoundException", unknown, certificateId=unknown.upper())
    refused(iot.describe_certificate, "InvalidRequestException", "64", certificateId="z" * 64)
    refused(iot.describe_ca_certificate, "ResourceNotFoundException", unknown, certificateId=unknown)
    refused(iot.update_ca_certificate, "ResourceNotFoundException", unknown, certificateId=unknown)
    refused(iot.delete_ca_certificate, "ResourceNotFoundException", unknown, certificateId=unknown)


@promise()
def foreign_certificates_are_registered_without_their_ca(place):
    iot, shop = client(place), Workshop(place)
    shop.authority("ca", f"/CN=ca-{place.number}")
    pem = shop.signed("device", "ca", "/CN=device")
    made = iot.register_certificate_without_ca(certificatePem=pem)
    assert made["certificateId"] == id_of(pem)
    shown = iot.describe_certificate(certificateId=id_of(pem))["certificateDescription"]
    assert shown["status"] == "INACTIVE" and shown["certificateMode"] == "SNI_ONLY"
    assert "caCertificateId" not in shown
    error = refused(iot.register_certificate_without_ca, "ResourceAlreadyExistsException", certificatePem=pem)
    assert error["resourceArn"] == made["certificateArn"] and error["resourceId"] == made["certificateId"]
    other = shop.signed("other", "ca", "/CN=other")
    refused(iot.register_certificate_without_ca, "InvalidRequestException", "PENDING", certificatePem=other,
            status="PENDING_ACTIVATION")
    active = iot.register_certificate_without_ca(certificatePem=other, status="ACTIVE")["certificateId"]
    assert iot.describe_certificate(certificateId=active)["certificateDescription"]["status"] == "ACTIVE"
    refused(iot.register_certificate_without_ca, "CertificateValidationException", "PEM", certificatePem="nonsense")
    first = shop.signed("first", "ca", "/CN=first", version3=False)
    refused(iot.register_certificate_without_ca, "CertificateValidationException", "version 1", certificatePem=first)


@promise()
def a_ca_is_registered_by_its_owner_and_then_vouches_for_certificates(place):
    iot, shop = client(place), Workshop(place)
    ca = shop.authority("ca", f"/CN=ca-{place.number}")
    leaf = shop.signed("leaf", "ca", "/CN=leaf")
    refused(iot.register_certificate, "CertificateValidationException", "register", certificatePem=leaf)
    code = iot.get_registration_code()["registrationCode"]
    assert len(code) == 64 and iot.get_registration_code()["registrationCode"] == code
    wrong = shop.signed("wrong", "ca", "/CN=wrong")
    refused(iot.register_ca_certificate, "InvalidRequestException", "verification", caCertificate=ca)
    refused(iot.register_ca_certificate, "RegistrationCodeValidationException", "wrong", caCertificate=ca,
            verificationCertificate=wrong)
    shop.authority("thief", f"/CN=ca-{place.number}")
    stolen = shop.signed("stolen", "thief", f"/CN={code}")
    refused(iot.register_ca_certificate, "CertificateValidationException", "sign", caCertificate=ca,
            verificationCertificate=stolen)
    verification = shop.signed("verification", "ca", f"/CN={code}")
    made = iot.register_ca_certificate(caCertificate=ca, verificationCertificate=verification,
                                       tags=[{"Key": "a", "Value": "b"}])
    assert made == {**made, "certificateId": id_of(ca), "certificateArn": arn(place, f"cacert/{id_of(ca)}")}
    error = refused(iot.register_ca_certificate, "ResourceAlreadyExistsException", caCertificate=ca,
                    verificationCertificate=verification)
    assert error["resourceArn"] == made["certificateArn"]
    refused(iot.register_certificate, "CertificateStateException", "INACTIVE", certificatePem=leaf)
    iot.update_ca_certificate(certificateId=id_of(ca), newStatus="ACTIVE")
    registered = iot.register_certificate(certificatePem=leaf, caCertificatePem=ca, status="ACTIVE")
    shown = iot.describe_certificate(certificateId=registered["certificateId"])["certificateDescription"]
    assert shown["status"] == "ACTIVE" and shown["caCertificateId"] == id_of(ca)
    refused(iot.register_certificate, "ResourceAlreadyExistsException", certificatePem=leaf)
    second = shop.signed("second", "ca", "/CN=second")
    refused(iot.register_certificate, "InvalidRequestException", "disagree", certificatePem=second, status="INACTIVE",
            setAsActive=True)
    iot.register_certificate(certificatePem=second)
    listed = pages(iot.list_certificates_by_ca, "certificates", 1, caCertificateId=id_of(ca), ascendingOrder=True)
    assert [one["certificateId"] for one in listed] == [id_of(leaf), id_of(second)]
    listed = iot.list_certificates_by_ca(caCertificateId=id_of(ca))["certificates"]
    assert [one["certificateId"] for one in listed] == [id_of(second), id_of(leaf)]
    iot.delete_registration_code()
    refused(iot.delete_registration_code, "ResourceNotFoundException", "code")
    assert iot.get_registration_code()["registrationCode"] != code


@promise()
def a_ca_is_described_changed_listed_and_deleted(place):
    iot, shop = client(place), Workshop(place)
    pems = [shop.authority(f"ca{number}", f"/CN=ca-{place.number}-{number}") for number in range(3)]
    for pem in pems:
        iot.register_ca_certificate(caCertificate=pem, certificateMode="SNI_ONLY", setAsActive=True)
    ids = [id_of(pem) for pem in pems]
    shown = iot.describe_ca_certificate(certificateId=ids[0])
    description = shown["certificateDescription"]
    assert description["status"] == "ACTIVE" and description["certificateMode"] == "SNI_ONLY"
    assert description["autoRegistrationStatus"] == "DISABLE" and description["certificatePem"].strip() == pems[0].strip()
    assert description["ownedBy"] == account_of(place) and description["validity"]["notAfter"].year > 2000
    assert "registrationConfig" not in shown
    listed = pages(iot.list_ca_certificates, "certificates", 2, ascendingOrder=True)
    assert [one["certificateId"] for one in listed] == ids
    assert [one["certificateId"] for one in iot.list_ca_certificates()["certificates"]] == ids[::-1]
    assert iot.list_ca_certificates(templateName="none")["certificates"] == []
    iot.update_ca_certificate(certificateId=ids[0], newAutoRegistrationStatus="ENABLE")
    changed = iot.describe_ca_certificate(certificateId=ids[0])["certificateDescription"]
    assert changed["autoRegistrationStatus"] == "ENABLE" and changed["customerVersion"] == 2
    unserved(iot.update_ca_certificate, "provisioning", certificateId=ids[0],
             registrationConfig={"templateName": "fleet"})
    iot.update_ca_certificate(certificateId=ids[0], removeAutoRegistration=True)
    changed = iot.describe_ca_certificate(certificateId=ids[0])["certificateDescription"]
    assert changed["autoRegistrationStatus"] == "DISABLE"
    error = refused(iot.delete_ca_certificate, "CertificateStateException", "ACTIVE", certificateId=ids[0])
    assert error["status"] == 406
    iot.update_ca_certificate(certificateId=ids[0], newStatus="INACTIVE")
    iot.delete_ca_certificate(certificateId=ids[0])
    refused(iot.describe_ca_certificate, "ResourceNotFoundException", ids[0], certificateId=ids[0])
    shop.authority("root", f"/CN=root-{place.number}")
    leaf = shop.signed("leaf", "root", "/CN=leaf")
    refused(iot.register_ca_certificate, "CertificateValidationException", "CA:TRUE", caCertificate=leaf,
            certificateMode="SNI_ONLY")
    refused(iot.register_ca_certificate, "CertificateValidationException", "PEM", caCertificate="nonsense",
            certificateMode="SNI_ONLY")
