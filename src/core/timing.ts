/**
 * Every pause, interval, time limit, retry count and age limit of the app, its page and its commands, with the reason
 * for each value. Functions take them as arguments or use them as defaults.
 *
 * Three kinds are elsewhere: host.json has those of the platform, app settings have those that an operator chooses (their
 * defaults are here), and core/incident/sinks.ts has those of each sink in the sink's row.
 * test/functions/registrations.test.ts checks that the values fit each other and host.json.
 */

/** In milliseconds. */
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// Calls to services

/** One call with all its retries. The SDKs set no limit of their own, and obey a `Retry-After` of an hour. */
export const CALL_TIMEOUT_MS = 20 * SECOND;

/** The SDK retries this often and waits this long, where the service's answer does not name a wait of its own. */
export const TABLE_RETRIES = { maxRetries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 10 * SECOND };

/** One retry: the delivery loop sends rows that fail after it again, in smaller packs. */
export const INGESTION_RETRIES = { ...TABLE_RETRIES, maxRetries: 1 };

/** The first try and three retries, as for tables. The SDK sets no limit for one try. */
export const BLOB_RETRIES = { maxTries: 4, retryDelayInMs: 500, tryTimeoutInMs: 10 * SECOND };

/** The healer's reads. Fewer retries, since its timer runs again in a minute. */
export const HUB_RETRIES = { maxRetries: 2, retryDelayInMs: 500, timeoutInMs: 10 * SECOND };

/** The commands' sends. Each wait is short because a person is waiting; the SDK's default wait is half a minute. */
export const SEND_RETRIES = {
  maxRetries: 3,
  retryDelayInMs: SECOND,
  maxRetryDelayInMs: 5 * SECOND,
  timeoutInMs: 20 * SECOND,
};

/** How long the list of rules with incidents is kept. It always has the running rules, so only other rules may be late. */
export const RULE_IDS_FRESH_FOR_MS = MINUTE;

/** A read of the hub ends after this much silence. An event that is there arrives within two seconds of opening a link. */
export const HUB_QUIET_SECONDS = 5;

// Invocations

/**
 * Ends an invocation, and each run of a timer, well below host.json's functionTimeout. At that, the host kills the worker
 * and the batches of all its partitions. A batch whose invocation ends here keeps its checkpoint and is retried.
 */
export const INVOCATION_DEADLINE_MS = 4 * MINUTE;

/**
 * Ends a request to the API or for the health. Longer than the slowest search and its last call. Azure ends it after 230 s:
 * https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout
 */
export const API_DEADLINE_MS = MINUTE;

/** Ends a request for a file of the page, which the app has in memory. */
export const PAGE_DEADLINE_MS = 10 * SECOND;

/**
 * The host retries a batch for ever: it writes no checkpoint until the retries are over, so nothing is lost, and the
 * partition waits. Data that no retry can help becomes a dead letter.
 * https://learn.microsoft.com/azure/azure-functions/functions-bindings-error-pages
 */
export const BATCH_RETRIES = { maxRetryCount: -1, minimumInterval: { seconds: 2 }, maximumInterval: { minutes: 1 } };

/**
 * After this many retries of its batch, some five minutes, an event that cannot be stored while the rest of the batch
 * can be is left to the healer. Until then it holds up its partition.
 */
export const RETRIES_BEFORE_LEAVING = 10;

/** How often an instance notes that an operation without a rule is still seen. */
export const OPERATION_NOTED_EVERY_MS = HOUR;

/** An operation without a rule that is not seen for so long is no longer shown. */
export const OPERATION_FORGOTTEN_MS = 30 * DAY;

/** How often an instance notes which rules it evaluates events with, and saves its counts of delays. */
export const EVALUATION_NOTED_EVERY_MS = MINUTE;

/** Delays are shown for a day: long enough for a quiet tenant, short enough to show today's trouble. */
export const DELAYS_KEPT_MS = DAY;

/** How often an instance tries to change a row that other instances change at the same time. The next batch tries again. */
export const ROW_CHANGE_TRIES = 5;

// Log categories

/**
 * The silence of a log category that raises an alert, in minutes: learned from its past, but no shorter and no longer than
 * this. Azure Monitor exports within an hour at most times, and even a small tenant has audit events every day.
 */
export const SILENCE_MINUTES = { floor: 60, ceiling: 1_440 };

/** Once a category was not seen for half of the shortest silence, look for it in every skipped event. */
export const LOOK_AFTER_MINUTES = SILENCE_MINUTES.floor / 2;

/** The silences of this time count: four weeks have four weekends. */
export const SILENCE_HISTORY_DAYS = 28;

/** Before so much history, the ceiling applies: two weeks have two weekends. */
export const LEARNED_AFTER_DAYS = 14;

// Delivery

/** Default of OUTBOX_MINIMUM_AGE_SECONDS: the invocation that made a row has sent it, or has given up, by then. */
export const OUTBOX_MINIMUM_AGE_SECONDS = 60;

/** How often an instance notes that a sink accepts rows. Others need it only when they judge a row that failed. */
export const ACCEPTANCE_NOTED_EVERY_MS = MINUTE;

/** A row queued this far in the future comes from before the clock was set back; clocks of instances differ by seconds. */
export const CLOCK_SET_BACK_MS = HOUR;

/** The longest wait of a row that fails while the sink accepts other rows: it is sent at most an hour after somebody mends it. */
export const LONGEST_BACK_OFF_MS = HOUR;

/**
 * A row that has failed alone for this long counts as refused. A day: long enough for a person to mend the receiver
 * after the first alert, short enough that a row nobody mends is reported.
 */
export const REFUSED_AFTER_MS = DAY;
/** Fewer failures than this prove nothing, however long ago the first one was. */
export const REFUSED_AFTER_FAILURES = 3;

// Healing

/**
 * Default of AUDIT_EVENTS_RETENTION_HOURS. The Basic tier keeps events no longer, so this expects too much of no tier:
 * https://learn.microsoft.com/azure/event-hubs/event-hubs-quotas
 */
export const RETENTION_HOURS = 24;

/** Default of LEDGER_GRACE_SECONDS: a batch that merely takes longer than a later one has usually ended by then. */
export const LEDGER_GRACE_SECONDS = 120;

/** Default of LEDGER_STALL_SECONDS: above functionTimeout, so that no invocation is still working on the events. */
export const LEDGER_STALL_SECONDS = 900;

/** A run of the ledger's timer begins no chunk after this: a chunk under way must end before the deadline. */
export const HEALING_BUDGET_MS = 2 * MINUTE;

/** How long an event that could not be stored rests after the first attempt. Each further attempt doubles it, … */
export const STUCK_REST_MS = 2 * MINUTE;
/** … up to this, or to this share of the hub's retention if that is less, so that it is tried several times. */
export const LONGEST_STUCK_REST = { ms: HOUR, shareOfRetention: 1 / 8 };

/** Once this share of the hub's retention has passed, a stuck event becomes a dead letter: the hub would drop it. */
export const DEAD_LETTER_AT_SHARE_OF_RETENTION = 0.75;

// Windows

/** Sentinel runs a scheduled rule this long after the instant, so that late records are there. So does pimwatch. */
export const WINDOW_DELAY_SECONDS = 300;

/** A run of the windows' timer begins no instants after this: those under way must end before the deadline. */
export const WINDOWS_BUDGET_MS = 2 * MINUTE;

// Poison guard

/** A worker that marked something this long ago is dead. Longer than host.json's functionTimeout, which ends invocations. */
export const CERTAINLY_DEAD_MS = 15 * MINUTE;

/** A mark is removed after this: its process died of something else, or the event came no more. */
export const SUSPECT_FORGOTTEN_MS = DAY;

/** Longer than any hub keeps events (90 days): https://learn.microsoft.com/azure/event-hubs/event-hubs-quotas */
export const QUARANTINE_MS = 100 * DAY;

/** How long marks and quarantine are kept in memory. A suspect batch reads them again; any other can be a minute late. */
export const SUSPECTS_FRESH_FOR_MS = MINUTE;

/** After this many reads of a chunk that did not end, an event in it probably kills the worker. */
export const SUSPICIOUS_ATTEMPTS = 2;

// Health

/** Anyone may ask for the health, so the tables are read no more often than this. */
export const HEALTH_FRESH_FOR_MS = 5 * SECOND;

/** The health is `down` if its questions take longer. Longer than one call may take, shorter than a probe waits. */
export const HEALTH_LATE_AFTER_MS = 25 * SECOND;

/** A row that has waited this long is a problem: the sweep runs every minute, so it could have been sent many times. */
export const OUTBOX_LATE_SECONDS = 900;

/** An unfinished event that has used up this share of the hub's retention is a problem; the other half is to act in. */
export const RETENTION_USED_ALERT = 0.5;

/** A timer is late after this many missing runs. One or two are missing when the app was restarted. */
export const MISSED_RUNS = 3;

// Backup

/** A run of the backup's timer reads no page after this: page, part and progress under way must end before the deadline. */
export const BACKUP_BUDGET_MS = 150 * SECOND;

/** A new export begins this long after the latest whole one. A day, less a run of an hourly timer, so that it does not drift. */
export const BACKUP_EVERY_MS = 23 * HOUR;

/** An unfinished export is given up after this, and a new one begins: its early rows are too old for its late ones. */
export const BACKUP_ABANDONED_MS = 2 * DAY;

/** If the latest whole export is older, the timer's runs no longer count as done, and it is reported as late. */
export const BACKUP_OVERDUE_MS = 2 * DAY;

// API

/** A list answers after this with what it has found and where to go on. A person waits no longer. */
export const LIST_BUDGET_MS = 4 * SECOND;

/** For the summary, which looks at many more incidents than a list. The page asks for it in the background. */
export const SUMMARY_BUDGET_MS = 5 * SECOND;

/** For counting a burst, which the page does while it opens one incident. */
export const BURST_BUDGET_MS = 2 * SECOND;

/** For an export, which a person starts and waits for. Below API_DEADLINE_MS. */
export const EXPORT_BUDGET_MS = 20 * SECOND;

/** The body of a change must arrive within this: it has at most a few kilobytes. */
export const BODY_TIMEOUT_MS = 10 * SECOND;

// Page

/** How often the page asks for the list, the summary and the open incident. */
export const LIST_EVERY_MS = 10 * SECOND;

/** How often the page asks for the health, which changes more slowly. */
export const HEALTH_EVERY_MS = 30 * SECOND;

/** How often a countdown on the page moves. */
export const SECONDS_EVERY_MS = SECOND;

/** For what the page asks once. A browser takes no longer time than this. */
export const ONCE_MS = 2 ** 31 - 1;

/** How often "5 min ago" is written anew. */
export const AGES_EVERY_MS = 15 * SECOND;

/** The search begins this long after the last key: while a person types, no request is sent for each letter. */
export const TYPING_PAUSE_MS = 250;

/** How long a button says "Copied". */
export const COPIED_SHOWN_MS = 1_500;

// Commands

/** Default of `start --timeout`: how long nothing may move. Longer than a batch waits between two retries. */
export const START_TIMEOUT_SECONDS = 180;

/** Default of `send --wait --timeout`. Incidents usually appear within seconds of being sent. */
export const SEND_WAIT_SECONDS = 60;

/** How often a local run lists the table of incidents; longer where listing takes long. */
export const LOCAL_RUN_POLL_MS = 200;

/** How often `send --wait` looks for each incident in a table that may be in Azure. */
export const SEND_WAIT_POLL_MS = 300;

/** How often `wait-for-events` looks. The app itself looks at the hub once a minute. */
export const FIRST_EVENTS_POLL_MS = 10_000;

/** How often `start` looks for later incidents, once everything it sent is through. */
export const START_FOLLOW_POLL_MS = 500;

/** How often a command checks that npm, which started it, is still there. */
export const PARENT_CHECK_MS = 500;

/** A command that failed ends after this at the latest: retries that nobody awaits would keep its process. */
export const LINGER_MS = SECOND;

/** How often the meter of `backtest` is drawn: five times a second. */
export const METER_EVERY_MS = 200;

/** `doctor` warns when the hub has been silent this long: even a small tenant has audit events every day. */
export const SILENT_HUB_HOURS = 24;

/** How far this clock may differ from the service's. Services refuse tokens that are 5 minutes off. */
export const CLOCK_DIFFERENCE = { warningMs: MINUTE, problemMs: 5 * MINUTE };
