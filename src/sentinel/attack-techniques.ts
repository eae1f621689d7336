import type { TACTICS } from "../core/incident/rule.ts";

type Tactic = (typeof TACTICS)[number];

/** The version of MITRE ATT&CK's enterprise matrix that the table below holds. https://attack.mitre.org/resources/versions/ */
export const ATTACK_VERSION = "18.0";

export interface Technique {
  /** E.g. T1078 or T1078.004. */
  readonly id: string;
  /** Of a sub-technique, the name of its technique. */
  readonly name: string;
  readonly tactics: readonly Tactic[];
}

const TACTIC_CODES: Readonly<Record<string, Tactic>> = {
  rc: "Reconnaissance",
  rd: "ResourceDevelopment",
  ia: "InitialAccess",
  ex: "Execution",
  ps: "Persistence",
  pe: "PrivilegeEscalation",
  de: "DefenseEvasion",
  ca: "CredentialAccess",
  di: "Discovery",
  lm: "LateralMovement",
  co: "Collection",
  cc: "CommandAndControl",
  xf: "Exfiltration",
  im: "Impact",
};

/*
 * One technique a line: number, tactics, numbers of its sub-techniques (0 for none), name. Sub-techniques have the
 * tactics of their technique. Facts of MITRE ATT&CK, © The MITRE Corporation, used under its terms of use:
 * https://attack.mitre.org/resources/legal-and-branding/terms-of-use/
 */
const TABLE = `
1001 cc 1-3 Data Obfuscation
1003 ca 1-8 OS Credential Dumping
1005 co 0 Data from Local System
1006 de 0 Direct Volume Access
1007 di 0 System Service Discovery
1008 cc 0 Fallback Channels
1010 di 0 Application Window Discovery
1011 xf 1 Exfiltration Over Other Network Medium
1012 di 0 Query Registry
1014 de 0 Rootkit
1016 di 1-2 System Network Configuration Discovery
1018 di 0 Remote System Discovery
1020 xf 1 Automated Exfiltration
1021 lm 1-8 Remote Services
1025 co 0 Data from Removable Media
1027 de 1-17 Obfuscated Files or Information
1029 xf 0 Scheduled Transfer
1030 xf 0 Data Transfer Size Limits
1033 di 0 System Owner/User Discovery
1036 de 1-12 Masquerading
1037 ps,pe 1-5 Boot or Logon Initialization Scripts
1039 co 0 Data from Network Shared Drive
1040 ca,di 0 Network Sniffing
1041 xf 0 Exfiltration Over C2 Channel
1046 di 0 Network Service Discovery
1047 ex 0 Windows Management Instrumentation
1048 xf 1-3 Exfiltration Over Alternative Protocol
1049 di 0 System Network Connections Discovery
1052 xf 1 Exfiltration Over Physical Medium
1053 ex,ps,pe 2,3,5-7 Scheduled Task/Job
1055 de,pe 1-5,8,9,11-15 Process Injection
1056 co,ca 1-4 Input Capture
1057 di 0 Process Discovery
1059 ex 1-13 Command and Scripting Interpreter
1068 pe 0 Exploitation for Privilege Escalation
1069 di 1-3 Permission Groups Discovery
1070 de 1-10 Indicator Removal
1071 cc 1-5 Application Layer Protocol
1072 ex,lm 0 Software Deployment Tools
1074 co 1-2 Data Staged
1078 de,ps,pe,ia 1-4 Valid Accounts
1080 lm 0 Taint Shared Content
1082 di 0 System Information Discovery
1083 di 0 File and Directory Discovery
1087 di 1-4 Account Discovery
1090 cc 1-4 Proxy
1091 lm,ia 0 Replication Through Removable Media
1092 cc 0 Communication Through Removable Media
1095 cc 0 Non-Application Layer Protocol
1098 ps,pe 1-7 Account Manipulation
1102 cc 1-3 Web Service
1104 cc 0 Multi-Stage Channels
1105 cc 0 Ingress Tool Transfer
1106 ex 0 Native API
1110 ca 1-4 Brute Force
1111 ca 0 Multi-Factor Authentication Interception
1112 de,ps 0 Modify Registry
1113 co 0 Screen Capture
1114 co 1-3 Email Collection
1115 co 0 Clipboard Data
1119 co 0 Automated Collection
1120 di 0 Peripheral Device Discovery
1123 co 0 Audio Capture
1124 di 0 System Time Discovery
1125 co 0 Video Capture
1127 de 1-3 Trusted Developer Utilities Proxy Execution
1129 ex 0 Shared Modules
1132 cc 1-2 Data Encoding
1133 ps,ia 0 External Remote Services
1134 de,pe 1-5 Access Token Manipulation
1135 di 0 Network Share Discovery
1136 ps 1-3 Create Account
1137 ps 1-6 Office Application Startup
1140 de 0 Deobfuscate/Decode Files or Information
1176 ps 1-2 Software Extensions
1185 co 0 Browser Session Hijacking
1187 ca 0 Forced Authentication
1189 ia 0 Drive-by Compromise
1190 ia 0 Exploit Public-Facing Application
1195 ia 1-3 Supply Chain Compromise
1197 de,ps 0 BITS Jobs
1199 ia 0 Trusted Relationship
1200 ia 0 Hardware Additions
1201 di 0 Password Policy Discovery
1202 de 0 Indirect Command Execution
1203 ex 0 Exploitation for Client Execution
1204 ex 1-5 User Execution
1205 de,ps,cc 1-2 Traffic Signaling
1207 de 0 Rogue Domain Controller
1210 lm 0 Exploitation of Remote Services
1211 de 0 Exploitation for Defense Evasion
1212 ca 0 Exploitation for Credential Access
1213 co 1-6 Data from Information Repositories
1216 de 1-2 System Script Proxy Execution
1217 di 0 Browser Information Discovery
1218 de 1-5,7-15 System Binary Proxy Execution
1219 cc 1-3 Remote Access Tools
1220 de 0 XSL Script Processing
1221 de 0 Template Injection
1222 de 1-2 File and Directory Permissions Modification
1480 de 1-2 Execution Guardrails
1482 di 0 Domain Trust Discovery
1484 de,pe 1-2 Domain or Tenant Policy Modification
1485 im 1 Data Destruction
1486 im 0 Data Encrypted for Impact
1489 im 0 Service Stop
1490 im 0 Inhibit System Recovery
1491 im 1-2 Defacement
1495 im 0 Firmware Corruption
1496 im 1-4 Resource Hijacking
1497 de,di 1-3 Virtualization/Sandbox Evasion
1498 im 1-2 Network Denial of Service
1499 im 1-4 Endpoint Denial of Service
1505 ps 1-6 Server Software Component
1518 di 1-2 Software Discovery
1525 ps 0 Implant Internal Image
1526 di 0 Cloud Service Discovery
1528 ca 0 Steal Application Access Token
1529 im 0 System Shutdown/Reboot
1530 co 0 Data from Cloud Storage
1531 im 0 Account Access Removal
1534 lm 0 Internal Spearphishing
1535 de 0 Unused/Unsupported Cloud Regions
1537 xf 0 Transfer Data to Cloud Account
1538 di 0 Cloud Service Dashboard
1539 ca 0 Steal Web Session Cookie
1542 de,ps 1-5 Pre-OS Boot
1543 ps,pe 1-5 Create or Modify System Process
1546 pe,ps 1-18 Event Triggered Execution
1547 ps,pe 1-10,12-15 Boot or Logon Autostart Execution
1548 pe,de 1-6 Abuse Elevation Control Mechanism
1550 de,lm 1-4 Use Alternate Authentication Material
1552 ca 1-8 Unsecured Credentials
1553 de 1-6 Subvert Trust Controls
1554 ps 0 Compromise Host Software Binary
1555 ca 1-6 Credentials from Password Stores
1556 ca,de,ps 1-9 Modify Authentication Process
1557 ca,co 1-4 Adversary-in-the-Middle
1558 ca 1-5 Steal or Forge Kerberos Tickets
1559 ex 1-3 Inter-Process Communication
1560 co 1-3 Archive Collected Data
1561 im 1-2 Disk Wipe
1562 de 1-4,6-13 Impair Defenses
1563 lm 1-2 Remote Service Session Hijacking
1564 de 1-14 Hide Artifacts
1565 im 1-3 Data Manipulation
1566 ia 1-4 Phishing
1567 xf 1-4 Exfiltration Over Web Service
1568 cc 1-3 Dynamic Resolution
1569 ex 1-3 System Services
1570 lm 0 Lateral Tool Transfer
1571 cc 0 Non-Standard Port
1572 cc 0 Protocol Tunneling
1573 cc 1-2 Encrypted Channel
1574 ps,pe,de 1,4-14 Hijack Execution Flow
1578 de 1-5 Modify Cloud Compute Infrastructure
1580 di 0 Cloud Infrastructure Discovery
1583 rd 1-8 Acquire Infrastructure
1584 rd 1-8 Compromise Infrastructure
1585 rd 1-3 Establish Accounts
1586 rd 1-3 Compromise Accounts
1587 rd 1-4 Develop Capabilities
1588 rd 1-7 Obtain Capabilities
1589 rc 1-3 Gather Victim Identity Information
1590 rc 1-6 Gather Victim Network Information
1591 rc 1-4 Gather Victim Org Information
1592 rc 1-4 Gather Victim Host Information
1593 rc 1-3 Search Open Websites/Domains
1594 rc 0 Search Victim-Owned Websites
1595 rc 1-3 Active Scanning
1596 rc 1-5 Search Open Technical Databases
1597 rc 1-2 Search Closed Sources
1598 rc 1-4 Phishing for Information
1599 de 1 Network Boundary Bridging
1600 de 1-2 Weaken Encryption
1601 de 1-2 Modify System Image
1602 co 1-2 Data from Configuration Repository
1606 ca 1-2 Forge Web Credentials
1608 rd 1-6 Stage Capabilities
1609 ex 0 Container Administration Command
1610 de,ex 0 Deploy Container
1611 pe 0 Escape to Host
1612 de 0 Build Image on Host
1613 di 0 Container and Resource Discovery
1614 di 1 System Location Discovery
1615 di 0 Group Policy Discovery
1619 di 0 Cloud Storage Object Discovery
1620 de 0 Reflective Code Loading
1621 ca 0 Multi-Factor Authentication Request Generation
1622 de,di 0 Debugger Evasion
1647 de 0 Plist File Modification
1648 ex 0 Serverless Execution
1649 ca 0 Steal or Forge Authentication Certificates
1650 rd 0 Acquire Access
1651 ex 0 Cloud Administration Command
1652 di 0 Device Driver Discovery
1653 ps 0 Power Settings
1654 di 0 Log Enumeration
1656 de 0 Impersonation
1657 im 0 Financial Theft
1659 ia,cc 0 Content Injection
1665 cc 0 Hide Infrastructure
1666 de 0 Modify Cloud Resource Hierarchy
1667 im 0 Email Bombing
1668 ps 0 Exclusive Control
1669 ia 0 Wi-Fi Networks
1671 ps 0 Cloud Application Integration
1672 de 0 Email Spoofing
1673 di 0 Virtual Machine Discovery
1674 ex 0 Input Injection
1675 ex 0 ESXi Administration Command
1677 ex 0 Poisoned Pipeline Execution
1678 de 0 Delay Execution
1679 de 0 Selective Exclusion
1680 di 0 Local Storage Discovery
1681 rc 0 Search Threat Vendor Data
`;

let techniques: ReadonlyMap<string, Technique> | undefined;

/** Every technique and sub-technique by its id. */
export function attackTechniques(): ReadonlyMap<string, Technique> {
  techniques ??= new Map(
    TABLE.trim()
      .split("\n")
      .flatMap(techniquesOf)
      .map((each) => [each.id, each]),
  );
  return techniques;
}

function techniquesOf(line: string): Technique[] {
  const [, number = "", codes = "", subs = "", name = ""] = /^(\d+) (\S+) (\S+) (.+)$/.exec(line) ?? [];
  const tactics = codes.split(",").flatMap((code) => TACTIC_CODES[code] ?? []);
  const numbers = subs === "0" ? [] : subs.split(",").flatMap(range);
  const technique = { id: `T${number}`, name, tactics };
  return [technique, ...numbers.map((sub) => ({ ...technique, id: `T${number}.${String(sub).padStart(3, "0")}` }))];
}

function range(text: string): number[] {
  const [first = 0, last = first] = text.split("-").map(Number);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
