// Runs a function host until it is killed. Its options are JSON in the environment.
import { startFunctionHost, type FunctionHostOptions } from "../../local/function-host/function-host.ts";

const options: FunctionHostOptions = JSON.parse(process.env["HOST_OPTIONS"] ?? "{}");
await startFunctionHost(options);
