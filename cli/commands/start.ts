import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { START_FOLLOW_POLL_MS, START_TIMEOUT_SECONDS } from "../../src/core/timing.ts";
import { UsageError } from "../../src/errors.ts";
import { quoted, showCommand, summaryText } from "../incidents/summary-text.ts";
import { command, port, wholeNumber } from "../command.ts";
import { EVENT_FILES_HELP } from "../event-files/forms-help.ts";
import type { LocalRun } from "../local-run/local-run.ts";
import type { Terminal } from "../terminal.ts";
import { visible } from "../../src/core/visible-text.ts";

export const start = command({
  name: "start",
  summary: "Runs all of pimwatch on this machine: sends events and prints the incidents, oldest first.",
  options: {
    once: {
      type: "boolean",
      help: "end when all events are processed; the exit code says whether all incidents arrived",
    },
    json: { type: "boolean", help: "print each incident as one line of JSON on stdout, everything else on stderr" },
    events: { type: "string", value: "PATH", help: "send your own events instead of the samples: a file or a folder" },
    "hub-port": { type: "string", value: "PORT", help: "of the event hub (by default, each port is a free one)" },
    "http-port": { type: "string", value: "PORT", help: "of the function app" },
    "table-port": { type: "string", value: "PORT", help: "of table storage" },
    "blob-port": { type: "string", value: "PORT", help: "of blob storage" },
    "ingestion-port": { type: "string", value: "PORT", help: "of the logs ingestion endpoint" },
    webhook: { type: "string", value: "URL", help: "also post new incidents to this URL" },
    app: {
      type: "string",
      value: "FOLDER",
      help: "run the app that was built in this folder instead of building it into dist",
    },
    node: { type: "string", value: "FILE", help: "run the app with this Node instead of the pinned one" },
    timeout: {
      type: "string",
      value: "SECONDS",
      help: `give up after this time without progress (default ${START_TIMEOUT_SECONDS})`,
    },
  },
  notes: `All services listen on 127.0.0.1 and keep all data in memory. Nothing leaves the machine.

${EVENT_FILES_HELP.replace("FILE", "PATH")}
Anything that is not JSON is sent unchanged and becomes a dead letter.`,
  exitCodes: {
    0: "every expected incident was stored and forwarded exactly once; with --events: every event was\nprocessed, and every stored incident was forwarded exactly once",
    1: "not so, or Ctrl-C came before all was processed",
    2: "a part of the local stack ended",
  },
  async run({ values }, terminal) {
    const ports = {
      hubPort: port("hub-port", values["hub-port"]),
      tablePort: port("table-port", values["table-port"]),
      blobPort: port("blob-port", values["blob-port"]),
      ingestionPort: port("ingestion-port", values["ingestion-port"]),
      httpPort: port("http-port", values["http-port"]),
    };
    if (values.node !== undefined && !(await isExecutable(values.node))) {
      throw new UsageError(`--node ${values.node}: the file does not exist or cannot be run`);
    }
    const timeoutSeconds = wholeNumber("timeout", values.timeout, { min: 1, max: 86_400 }) ?? START_TIMEOUT_SECONDS;
    if (values.webhook !== undefined) await checkWebhook(values.webhook);
    if (values.app !== undefined) await checkApp(values.app);
    // Loaded here, so that `--help` and wrong options are answered at once.
    const [{ fileSource, sampleSource }, { readyRules }, { runLocally }] = await Promise.all([
      import("../sending/event-source.ts"),
      import("../rules/ready-rules.ts"),
      import("../local-run/local-run.ts"),
    ]);
    const source =
      values.events === undefined
        ? sampleSource(new Date(), await readyRules())
        : await fileSource(values.events, terminal);
    const run = await runLocally(
      {
        source,
        ports,
        webhookUrl: values.webhook,
        appDirectory: values.app,
        nodePath: values.node,
        json: values.json === true,
        timeoutSeconds,
      },
      terminal,
    );
    const { noteRunningStack } = await import("../deployment/running-stack.ts");
    const forget = await noteRunningStack({ ...run.settings, DASHBOARD_URL: run.page }, terminal);
    try {
      return await Promise.race([follow(run, values, terminal), run.failed]);
    } finally {
      await forget();
      await run.stop();
    }
  },
});

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** The app would refuse the URL too, but only once everything else has started. */
async function checkWebhook(url: string): Promise<void> {
  const { isWebhookUrl, WEBHOOK_URL } = await import("../../src/config.ts");
  if (!isWebhookUrl(url)) throw new UsageError(`--webhook must be ${WEBHOOK_URL}, not "${visible(url)}"`);
}

async function checkApp(folder: string): Promise<void> {
  for (const file of ["host.json", "package.json"]) {
    const isThere = await access(join(folder, file)).then(
      () => true,
      () => false,
    );
    if (!isThere)
      throw new UsageError(
        `--app ${visible(folder)}: no built app there, since it has no ${file}. Give the folder that \`npm run build\` writes`,
      );
  }
}

interface Chosen {
  readonly once?: boolean;
  readonly events?: string;
  readonly json?: boolean;
}

/** @returns the exit code */
async function follow(run: LocalRun, { once, events, json }: Chosen, terminal: Terminal): Promise<number> {
  const ended = await run.untilThrough();
  const { stopping } = terminal;
  const say = (text: string): void => (json === true ? terminal.note(text) : terminal.out(`${text}\n`));
  const rows = run.incidents();
  if (stopping.aborted) return ended;
  if (once === true) {
    const page = "ended with this run; without --once it stays";
    const next = events === undefined ? "npx pimwatch start" : `npx pimwatch explain ${quoted(events)}`;
    say(`\n${summaryText(rows, { page, next }, terminal)}`);
    return ended;
  }
  const outcome =
    ended === 0
      ? "All events are processed and all incidents forwarded"
      : "Not everything was processed and forwarded, see above";
  terminal.progress("");
  terminal.note(`\n${outcome}. Still running: send more with \`npx pimwatch send\`, or press Ctrl-C to stop.`);
  const next = showCommand(rows) ?? "npx pimwatch doctor";
  say(`\n${summaryText(rows, { page: run.page, next: `in another terminal: ${next}` }, terminal)}`);
  while (!stopping.aborted) {
    await run.printFresh();
    // Ctrl-C ends the wait, and the wait rejects.
    await sleep(START_FOLLOW_POLL_MS, undefined, { signal: stopping }).catch(() => undefined);
  }
  return ended;
}
