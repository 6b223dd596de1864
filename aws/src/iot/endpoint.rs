//! Calls about the endpoints that devices connect to: how they are asked and answered. Does not answer them.

use crate::operations::operations;

operations! {
    DescribeEndpoint: GET "/endpoint" {
        endpoint_type: Option<String> = query "endpointType",
    } -> DescribeEndpointOutput {
        endpoint_address: String = body "endpointAddress",
    } or InternalFailure InvalidRequest Unauthorized Throttling;
}
