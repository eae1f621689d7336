// The entry of the deployed app: what each file registers is a function.
import "./functions/audit-events.ts";
import "./functions/dashboard.ts";
import "./functions/health.ts";
import "./functions/incidents-api.ts";
import "./functions/ledger-timer.ts";
import "./functions/outbox-timer.ts";
import "./functions/reconciliation-timer.ts";
