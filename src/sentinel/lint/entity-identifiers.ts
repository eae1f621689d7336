export interface EntityIdentifiers {
  readonly identifiers: readonly string[];
  /** An entity needs all identifiers of one of these sets. */
  readonly oneOf: readonly (readonly string[])[];
}

const any = (identifiers: string, needed: string): EntityIdentifiers => ({
  identifiers: identifiers.split(" "),
  oneOf: needed.split(" ").map((set) => set.split("+")),
});

/**
 * Sentinel's entity types for mappings: the identifiers of each, and the sets of which it needs one.
 *
 * @see https://learn.microsoft.com/azure/sentinel/entities-reference
 * @see https://github.com/Azure/Azure-Sentinel/blob/master/.script/tests/detectionTemplateSchemaValidation/Models/EntityMappingIdentifiers.cs
 */
export const ENTITY_IDENTIFIERS: Readonly<Record<string, EntityIdentifiers>> = {
  Account: any(
    "Name FullName NTDomain DnsDomain UPNSuffix Sid AadTenantId AadUserId PUID IsDomainJoined DisplayName ObjectGuid CloudAppAccountId",
    "FullName Sid Name AadUserId PUID ObjectGuid",
  ),
  AzureResource: any("ResourceId", "ResourceId"),
  CloudApplication: any("AppId Name InstanceName", "AppId Name"),
  DNS: any("DomainName", "DomainName"),
  File: any("Directory Name", "Name"),
  FileHash: any("Algorithm Value", "Algorithm+Value"),
  Host: any(
    "DnsDomain NTDomain HostName FullName NetBiosName AzureID OMSAgentID OSFamily OSVersion IsDomainJoined",
    "FullName HostName NetBiosName AzureID OMSAgentID",
  ),
  IoTDevice: any(
    "DeviceId DeviceName Manufacturer Model FirmwareVersion OperatingSystem MacAddress Protocols SerialNumber Source IoTSecurityAgentId DeviceType",
    "DeviceId",
  ),
  IP: any("Address AddressScope", "Address"),
  Mailbox: any("MailboxPrimaryAddress DisplayName Upn ExternalDirectoryObjectId RiskLevel", "MailboxPrimaryAddress"),
  MailCluster: any(
    "NetworkMessageIds CountByDeliveryStatus CountByThreatType CountByProtectionStatus Threats Query QueryTime MailCount IsVolumeAnomaly Source ClusterSourceIdentifier ClusterSourceType ClusterQueryStartTime ClusterQueryEndTime ClusterGroup",
    "Query Source",
  ),
  MailMessage: any(
    "Recipient Urls Threats Sender P1Sender P1SenderDisplayName P1SenderDomain SenderIP P2Sender P2SenderDisplayName P2SenderDomain ReceivedDate NetworkMessageId InternetMessageId Subject BodyFingerprintBin1 BodyFingerprintBin2 BodyFingerprintBin3 BodyFingerprintBin4 BodyFingerprintBin5 AntispamDirection DeliveryAction DeliveryLocation Language ThreatDetectionMethods",
    "NetworkMessageId Recipient",
  ),
  Malware: any("Name Category", "Name"),
  Process: any("ProcessId CommandLine ElevationToken CreationTimeUtc", "CommandLine ProcessId"),
  RegistryKey: any("Hive Key", "Key Hive"),
  RegistryValue: any("Name Value ValueType", "Name"),
  SecurityGroup: any("DistinguishedName SID ObjectGuid", "DistinguishedName SID ObjectGuid"),
  SubmissionMail: any(
    "NetworkMessageId Timestamp Recipient Sender SenderIp Subject ReportType SubmissionId SubmissionDate Submitter",
    "SubmissionId NetworkMessageId Recipient Submitter",
  ),
  URL: any("Url", "Url"),
};

/** Sentinel's limits for a rule's mappings. https://learn.microsoft.com/azure/sentinel/map-data-fields-to-entities */
export const MAPPING_LIMITS = { entities: 10, identifiers: 3, customDetails: 20, detailName: 20 } as const;
