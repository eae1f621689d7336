import { visible } from "../../src/core/visible-text.ts";
import { DependencyError, PimwatchError } from "../../src/errors.ts";
import { type Failure, failureOf, wordsOf } from "./failure.ts";

/** What a person has to know about a service to mend a failed call. */
interface Service {
  /** At the start of a sentence. */
  readonly name: string;
  /** Where its address comes from. */
  readonly setBy: string;
  /** The role that a call needs. */
  role(failure: Failure): string;
}

const storage = (kind: string, option: string, setting: string): Service => ({
  name: `${kind} Storage`,
  setBy: `--storage or --${option} (or INCIDENTS_STORAGE or ${setting})`,
  role: ({ method }) => `Storage ${kind} Data ${method === "GET" || method === "HEAD" ? "Reader" : "Contributor"}`,
});

const SERVICES: readonly Service[] = [
  storage("Table", "table-endpoint", "INCIDENTS_TABLE_ENDPOINT"),
  storage("Blob", "container-url", "DEAD_LETTERS_CONTAINER_URL"),
  {
    name: "Event hub",
    setBy:
      "--connection, or --namespace and --hub (or AUDIT_EVENTS, or AUDIT_EVENTS__fullyQualifiedNamespace and AUDIT_EVENTS_HUB)",
    role: ({ chain }) =>
      chain.some(({ message }) => /\blisten\b/i.test(message))
        ? "Azure Event Hubs Data Receiver"
        : "Azure Event Hubs Data Sender",
  },
  {
    name: "Logs Ingestion",
    setBy: "LOGS_INGESTION_ENDPOINT",
    role: () => "Monitoring Metrics Publisher on the data collection rule",
  },
];
const OTHER: Service = { name: "The service", setBy: "the options or settings", role: () => "that the service needs" };

export const SIGN_IN = "Run `az login` (with --tenant, if the app is in another tenant), then try again";
const LOCAL = "start the local stack (`npm start` or `npx pimwatch stack`)";

type Sentence = (failure: Failure, service: Service) => string;

const noHost: Sentence = ({ address }, { name, setBy }) =>
  `${name}: there is no host ${address}. Check its spelling in ${setBy}, and that this machine can resolve names (DNS)`;

const noWay: Sentence = (failure, { name, setBy }) =>
  `${name}${at(failure)} cannot be reached from this network (${failure.code}). Check the address in ${setBy}, the firewall of the service, and VPN or proxy`;

const cutOff: Sentence = (failure, { name, setBy }) =>
  `${name}${at(failure)} closed the connection (${failure.code}). Check that ${setBy} names the right address and port, then try again`;

const untrusted: Sentence = (failure, { name }) =>
  `${name}${at(failure)} shows a certificate that this machine does not trust (${failure.code}). If a proxy opens TLS here, name its certificate in NODE_EXTRA_CA_CERTS; otherwise check the address and this machine's clock`;

const missing =
  (what: string): Sentence =>
  (failure, { name, setBy }) =>
    `${name}${at(failure)} has no ${what}. Check that ${setBy} names the app's own. In Azure, \`azd provision\` makes it; on this machine, the app does when it first runs`;

const wrongKey: Sentence = (failure, { name, setBy }) =>
  `${name}${at(failure)} does not accept the key or signature. Copy the connection string in ${setBy} again, and check this machine's clock`;

const noRight: Sentence = (failure, service) =>
  failure.isSignedWithKey
    ? wrongKey(failure, service)
    : `${service.name}${at(failure)} refuses this sign-in (${refusalOf(failure)}). Give it the role ${service.role(failure)} and wait up to 30 minutes. If it has the role, check that the service's firewall lets this network in`;

const noHub: Sentence = ({ chain }, { setBy }) => {
  const named = /'sb:\/\/([^/']+)\/([^/']+)(?:\/consumergroups\/([^/']+))?/i.exec(wordsOf(chain.at(-1)));
  const [, host = "the namespace", hub = "of this name", group] = named ?? [];
  return group === undefined
    ? `Event hub: ${host} has no hub ${visible(hub)}. Check ${setBy}`
    : `Event hub: the hub ${visible(hub)} at ${host} has no consumer group ${visible(group)}. Check AUDIT_EVENTS_CONSUMER_GROUP and AUDIT_EVENTS_HEALER_CONSUMER_GROUP, or create the group (\`azd provision\` does)`;
};

const busy: Sentence = (failure, { name }) =>
  `${name}${at(failure)} is overloaded or not available (${failure.status ?? failure.code}). Nothing is wrong with the command. Try again in a minute`;

/** What to say of an error with this code: of Node's network, or of a service. */
const BY_CODE: Readonly<Record<string, Sentence>> = {
  ECONNREFUSED: (failure, { name, setBy }) =>
    `${name}${at(failure)} does not answer: nothing listens there. If it is on this machine, ${LOCAL}; otherwise check the address in ${setBy}`,
  ENOTFOUND: noHost,
  EAI_AGAIN: noHost,
  ETIMEDOUT: noWay,
  ECONNABORTED: noWay,
  EHOSTUNREACH: noWay,
  EHOSTDOWN: noWay,
  ENETUNREACH: noWay,
  ENETDOWN: noWay,
  EADDRNOTAVAIL: noWay,
  UND_ERR_CONNECT_TIMEOUT: noWay,
  OperationTimeoutError: noWay,
  ServiceUnavailableError: busy,
  ServerBusyError: busy,
  QuotaExceededError: busy,
  ECONNRESET: cutOff,
  EPIPE: cutOff,
  EPROTO: cutOff,
  ERR_SSL_WRONG_VERSION_NUMBER: cutOff,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: cutOff,
  UND_ERR_SOCKET: cutOff,
  HPE_INVALID_CONSTANT: cutOff,
  PARSE_ERROR: cutOff,
  TableNotFound: missing("such table"),
  ContainerNotFound: missing("such container"),
  ResourceNotFound: missing("such account, table or container"),
  MessagingEntityNotFoundError: noHub,
  UnauthorizedError: (failure, service) =>
    failure.chain.some(({ message }) => /signature|token is expired|SharedAccess/i.test(message))
      ? wrongKey(failure, service)
      : noRight(failure, service),
  AuthorizationFailure: noRight,
  KeyBasedAuthenticationNotPermitted: (failure, { name }) =>
    `${name}${at(failure)} does not allow keys. Use your own sign-in: give the address (--table-endpoint, --container-url) instead of --storage, and run \`az login\``,
  InvalidAuthenticationInfo: (failure, { name }) =>
    `${name}${at(failure)} does not accept this sign-in: it is of another tenant, or has expired. ${SIGN_IN}`,
};

const CERTIFICATE = /^(?:CERT_|ERR_TLS_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/;

/** What to say of an answer with this status and no code above. */
function byStatus({ status = 0 }: Failure): Sentence | undefined {
  if (status === 401 || status === 403) return noRight;
  if (status === 404) return missing("such table or container");
  if (status === 429 || status >= 500) return busy;
  return undefined;
}

/** Codes of the file system. */
const FILE_REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder. Check the path",
  ENOTDIR: "a part of this path is a file, not a folder. Check the path",
  EISDIR: "this is a folder. Give a file",
  EACCES: "no permission. Check the rights of the file and of its folder",
  EPERM: "no permission. Check the rights of the file and of its folder",
  EROFS: "the file system is read-only. Choose another folder",
  ENOSPC: "the disk is full. Free some space, then try again",
  EDQUOT: "your quota on this disk is used up. Free some space, then try again",
  EFBIG: "the file is too large for this disk. Choose another folder",
  EMFILE: "too many files are open. Raise the limit (ulimit -n), then try again",
  ENFILE: "too many files are open on this machine. Close some programs, then try again",
  ENAMETOOLONG: "the path is too long. Shorten it",
  ELOOP: "the path is a circle of symbolic links. Correct the links",
  EIO: "the disk fails. Check the disk",
  Z_DATA_ERROR: "damaged gzip. Copy the file again",
  Z_BUF_ERROR: "gzip is cut short. Copy the file again",
};

/** Why a file cannot be used and what to do; undefined if the error is not about a file. */
export function fileReason(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? FILE_REASONS[String(error.code)] : undefined;
}

const UNEXPECTED = "The same command with --debug prints the details; please report them as an issue of pimwatch";

/** An error as one sentence for a person: what failed, and what to do. */
export function failureText(error: unknown): string {
  if (error instanceof PimwatchError && !(error instanceof DependencyError)) return error.message;
  const failure = failureOf(error);
  const { chain, code, status } = failure;
  const service = SERVICES.find(({ name }) => chain.some(({ message }) => message.startsWith(`${name}: `))) ?? OTHER;
  if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return missingPackage(wordsOf(error));
  if (isMissingSignIn(error)) return `${service.name}: no Azure sign-in works here${entraReason(failure)}. ${SIGN_IN}`;
  if (chain.some(({ message }) => message.includes("not permitted for non-TLS")))
    return `${service.name}${at(failure)} has an http address, and your sign-in goes over https only. Give the https address, or the connection string (--storage)`;
  const ofFile = fileText(error);
  if (ofFile !== undefined) return ofFile;
  const say = BY_CODE[code] ?? (CERTIFICATE.test(code) ? untrusted : byStatus(failure));
  if (say !== undefined) return say(failure, service);
  const words = visible(wordsOf(chain.find(({ message }) => message !== "") ?? error));
  if (/ did not answer within /.test(words))
    return `${words}. Check the address in ${service.setBy} and the firewall of the service, then try again`;
  if (error instanceof DependencyError && error.cause === undefined) return words;
  if (error instanceof DependencyError || status !== undefined) return `${words}. --debug prints the details`;
  return `${words}. ${UNEXPECTED}`;
}

/** Whether no way to sign in to Azure worked. */
export function isMissingSignIn(error: unknown): boolean {
  return failureOf(error).chain.some(({ name }) => SIGN_IN_ERRORS.has(name));
}

const SIGN_IN_ERRORS: ReadonlySet<string> = new Set([
  "AggregateAuthenticationError",
  "AuthenticationError",
  "AuthenticationRequiredError",
  "CredentialUnavailableError",
]);

/** The errors with their stacks, for a report. Their fields are left out: some hold tokens. */
export function failureDetails(error: unknown): string {
  const { chain } = failureOf(error);
  return chain.map(({ stack, message }) => stack ?? message).join("\ncaused by ") || String(error);
}

/** Entra ID's own code and sentence, such as that a sign-in has expired. */
function entraReason({ chain }: Failure): string {
  const reason = /AADSTS\d+: [^.\r\n]*/.exec(chain.map(({ message }) => message).join("\n"))?.[0];
  return reason === undefined ? "" : ` (${visible(reason)})`;
}

/** Node names the path in errors about files, and the system call in those about the network. */
function fileText(error: unknown): string | undefined {
  const reason = fileReason(error);
  if (reason === undefined || !(error instanceof Error)) return undefined;
  if ("syscall" in error && error.syscall === "connect") return undefined;
  const path = "path" in error && typeof error.path === "string" ? error.path : undefined;
  return path === undefined ? `A file cannot be used: ${reason}` : `${visible(path)}: ${reason}`;
}

function missingPackage(words: string): string {
  const name = /'([^']+)'/.exec(words)?.[1] ?? "";
  return `A part of pimwatch is missing: ${visible(name)}. Run \`npm install\` again where pimwatch is installed`;
}

function at({ address }: Failure): string {
  return address === "" ? "" : ` at ${visible(address)}`;
}

function refusalOf({ code, status }: Failure): string {
  return [status, code].filter((part) => part !== undefined && part !== "").join(" ");
}
