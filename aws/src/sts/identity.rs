//! Calls about whose an access key is: how they are asked and answered. Does not answer them.

use crate::operations::operations;

operations! {
    GetCallerIdentity: POST "/" {
    } -> GetCallerIdentityOutput {
        user_id: String = body "UserId",
        account: String = body "Account",
        arn: String = body "Arn",
    } or ;

    GetAccessKeyInfo: POST "/" {
        access_key_id: String = body "AccessKeyId",
    } -> GetAccessKeyInfoOutput {
        account: String = body "Account",
    } or ;
}
