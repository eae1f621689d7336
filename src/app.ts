// The entry of the deployed app. Each file registers its functions.
import "./functions/audit-events.ts";
import "./functions/backup-timer.ts";
import "./functions/http-routes.ts";
import "./functions/ledger-timer.ts";
import "./functions/outbox-timer.ts";
import "./functions/reconciliation-timer.ts";
import "./functions/window-timer.ts";
