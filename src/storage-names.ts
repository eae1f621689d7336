/*
 * Names of tables and blob containers, for the app, the commands, the local stack, chaos and the tests. Bicep has the
 * same names: test/infra/resources.test.ts compares the two.
 */
export const INCIDENTS_TABLE = "incidents";
export const LEDGER_TABLE = "ledger";
export const KEPT_TABLE = "kept";
export const DEAD_LETTERS_CONTAINER = "dead-letters";
export const BACKUPS_CONTAINER = "backups";
/** The Functions host keeps its checkpoints in this container, by this name. */
export const CHECKPOINTS_CONTAINER = "azure-webjobs-eventhub";
