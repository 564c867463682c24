//! The operations of API Gateway that are not served here. Refusals name them.

/// The calls of API Gateway that are not served, each with the name of its operation.
pub(super) const NOT_SERVED: [(&str, &str); 85] = [
    ("POST /restapis?mode=import", "ImportRestApi"),
    ("POST /restapis/{}/authorizers", "CreateAuthorizer"),
    (
        "POST /domainnames/{}/basepathmappings",
        "CreateBasePathMapping",
    ),
    (
        "POST /restapis/{}/documentation/parts",
        "CreateDocumentationPart",
    ),
    (
        "POST /restapis/{}/documentation/versions",
        "CreateDocumentationVersion",
    ),
    ("POST /domainnames", "CreateDomainName"),
    (
        "POST /domainnameaccessassociations",
        "CreateDomainNameAccessAssociation",
    ),
    ("POST /restapis/{}/models", "CreateModel"),
    (
        "POST /restapis/{}/requestvalidators",
        "CreateRequestValidator",
    ),
    ("POST /restapis/{}/resources/{}", "CreateResource"),
    ("POST /restapis", "CreateRestApi"),
    ("POST /vpclinks", "CreateVpcLink"),
    ("DELETE /restapis/{}/authorizers/{}", "DeleteAuthorizer"),
    (
        "DELETE /domainnames/{}/basepathmappings/{}",
        "DeleteBasePathMapping",
    ),
    ("DELETE /clientcertificates/{}", "DeleteClientCertificate"),
    (
        "DELETE /restapis/{}/documentation/parts/{}",
        "DeleteDocumentationPart",
    ),
    (
        "DELETE /restapis/{}/documentation/versions/{}",
        "DeleteDocumentationVersion",
    ),
    ("DELETE /domainnames/{}", "DeleteDomainName"),
    (
        "DELETE /domainnameaccessassociations/{}",
        "DeleteDomainNameAccessAssociation",
    ),
    (
        "DELETE /restapis/{}/gatewayresponses/{}",
        "DeleteGatewayResponse",
    ),
    (
        "DELETE /restapis/{}/resources/{}/methods/{}/integration",
        "DeleteIntegration",
    ),
    (
        "DELETE /restapis/{}/resources/{}/methods/{}/integration/responses/{}",
        "DeleteIntegrationResponse",
    ),
    (
        "DELETE /restapis/{}/resources/{}/methods/{}",
        "DeleteMethod",
    ),
    (
        "DELETE /restapis/{}/resources/{}/methods/{}/responses/{}",
        "DeleteMethodResponse",
    ),
    ("DELETE /restapis/{}/models/{}", "DeleteModel"),
    (
        "DELETE /restapis/{}/requestvalidators/{}",
        "DeleteRequestValidator",
    ),
    ("DELETE /restapis/{}/resources/{}", "DeleteResource"),
    ("DELETE /restapis/{}", "DeleteRestApi"),
    ("DELETE /vpclinks/{}", "DeleteVpcLink"),
    (
        "DELETE /restapis/{}/stages/{}/cache/authorizers",
        "FlushStageAuthorizersCache",
    ),
    (
        "DELETE /restapis/{}/stages/{}/cache/data",
        "FlushStageCache",
    ),
    ("POST /clientcertificates", "GenerateClientCertificate"),
    ("GET /restapis/{}/authorizers/{}", "GetAuthorizer"),
    ("GET /restapis/{}/authorizers", "GetAuthorizers"),
    (
        "GET /domainnames/{}/basepathmappings/{}",
        "GetBasePathMapping",
    ),
    (
        "GET /domainnames/{}/basepathmappings",
        "GetBasePathMappings",
    ),
    ("GET /clientcertificates/{}", "GetClientCertificate"),
    ("GET /clientcertificates", "GetClientCertificates"),
    (
        "GET /restapis/{}/documentation/parts/{}",
        "GetDocumentationPart",
    ),
    (
        "GET /restapis/{}/documentation/parts",
        "GetDocumentationParts",
    ),
    (
        "GET /restapis/{}/documentation/versions/{}",
        "GetDocumentationVersion",
    ),
    (
        "GET /restapis/{}/documentation/versions",
        "GetDocumentationVersions",
    ),
    ("GET /domainnames/{}", "GetDomainName"),
    (
        "GET /domainnameaccessassociations",
        "GetDomainNameAccessAssociations",
    ),
    ("GET /domainnames", "GetDomainNames"),
    ("GET /restapis/{}/stages/{}/exports/{}", "GetExport"),
    ("GET /restapis/{}/gatewayresponses/{}", "GetGatewayResponse"),
    ("GET /restapis/{}/gatewayresponses", "GetGatewayResponses"),
    (
        "GET /restapis/{}/resources/{}/methods/{}/integration",
        "GetIntegration",
    ),
    (
        "GET /restapis/{}/resources/{}/methods/{}/integration/responses/{}",
        "GetIntegrationResponse",
    ),
    (
        "GET /restapis/{}/resources/{}/methods/{}/responses/{}",
        "GetMethodResponse",
    ),
    ("GET /restapis/{}/models/{}", "GetModel"),
    (
        "GET /restapis/{}/models/{}/default_template",
        "GetModelTemplate",
    ),
    ("GET /restapis/{}/models", "GetModels"),
    (
        "GET /restapis/{}/requestvalidators/{}",
        "GetRequestValidator",
    ),
    ("GET /restapis/{}/requestvalidators", "GetRequestValidators"),
    ("GET /restapis/{}/stages/{}/sdks/{}", "GetSdk"),
    ("GET /sdktypes/{}", "GetSdkType"),
    ("GET /sdktypes", "GetSdkTypes"),
    ("GET /vpclinks/{}", "GetVpcLink"),
    ("GET /vpclinks", "GetVpcLinks"),
    (
        "PUT /restapis/{}/documentation/parts",
        "ImportDocumentationParts",
    ),
    ("PUT /restapis/{}/gatewayresponses/{}", "PutGatewayResponse"),
    (
        "PUT /restapis/{}/resources/{}/methods/{}/integration",
        "PutIntegration",
    ),
    (
        "PUT /restapis/{}/resources/{}/methods/{}/integration/responses/{}",
        "PutIntegrationResponse",
    ),
    ("PUT /restapis/{}/resources/{}/methods/{}", "PutMethod"),
    (
        "PUT /restapis/{}/resources/{}/methods/{}/responses/{}",
        "PutMethodResponse",
    ),
    ("PUT /restapis/{}", "PutRestApi"),
    (
        "POST /rejectdomainnameaccessassociations",
        "RejectDomainNameAccessAssociation",
    ),
    ("POST /restapis/{}/authorizers/{}", "TestInvokeAuthorizer"),
    (
        "POST /restapis/{}/resources/{}/methods/{}",
        "TestInvokeMethod",
    ),
    ("PATCH /restapis/{}/authorizers/{}", "UpdateAuthorizer"),
    (
        "PATCH /domainnames/{}/basepathmappings/{}",
        "UpdateBasePathMapping",
    ),
    ("PATCH /clientcertificates/{}", "UpdateClientCertificate"),
    (
        "PATCH /restapis/{}/documentation/parts/{}",
        "UpdateDocumentationPart",
    ),
    (
        "PATCH /restapis/{}/documentation/versions/{}",
        "UpdateDocumentationVersion",
    ),
    ("PATCH /domainnames/{}", "UpdateDomainName"),
    (
        "PATCH /restapis/{}/gatewayresponses/{}",
        "UpdateGatewayResponse",
    ),
    (
        "PATCH /restapis/{}/resources/{}/methods/{}/integration",
        "UpdateIntegration",
    ),
    (
        "PATCH /restapis/{}/resources/{}/methods/{}/integration/responses/{}",
        "UpdateIntegrationResponse",
    ),
    (
        "PATCH /restapis/{}/resources/{}/methods/{}/responses/{}",
        "UpdateMethodResponse",
    ),
    ("PATCH /restapis/{}/models/{}", "UpdateModel"),
    (
        "PATCH /restapis/{}/requestvalidators/{}",
        "UpdateRequestValidator",
    ),
    ("PATCH /restapis/{}/resources/{}", "UpdateResource"),
    ("PATCH /vpclinks/{}", "UpdateVpcLink"),
];
