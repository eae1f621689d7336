/** The rules that this repository ships. A person may drop others into rules/, which must not make its tests fail. */
export const SHIPPED = [
  "changes-to-pim-settings",
  "conditional-access-policy-changed",
  "credential-added-to-application",
  "pim-alert-disabled",
  "pim-for-groups-settings-changed",
  "role-assigned-outside-of-pim",
];
