import { derived, printed, type CaseGroup } from "../semantics.ts";

const FLIGHTS = `datatable(Airport: string, Airline: string, Departures: long)["TLV", "LH", 1, "TLV", "LY", 100, "SEA", "LH", 1, "SEA", "BA", 2, "SEA", "LY", 0]`;
const DEPARTURES = `datatable(Airport: string, Airline: string, Departures: long)["SEA", "LH", 3, "SEA", "LY", 100, "SEA", "UA", 3, "SEA", "BA", 2, "SEA", "EL", 3]`;
const SALARIES = `datatable(name: string, month: int, salary: long)["Alice", 1, 1000, "Bob", 1, 1000, "Alice", 2, 2000, "Bob", 2, 1950, "Alice", 3, 1400, "Bob", 3, 1450]`;
const NUMBERS = "datatable(x: long)[3, 1, 2] | sort by x asc";

/** A row of the storm table of sequence_detect's page. */
const STORMS = `datatable(State: string, StartTime: datetime, EventType: string)[
  "CALIFORNIA", datetime(2007-05-08 00:00), "Excessive Heat", "CALIFORNIA", datetime(2007-05-08 16:02), "Wildfire",
  "CALIFORNIA", datetime(2007-05-10 11:30), "Wildfire", "CALIFORNIA", datetime(2007-08-31 08:00), "Excessive Heat",
  "CALIFORNIA", datetime(2007-09-01 11:28), "Wildfire", "CALIFORNIA", datetime(2007-09-02 12:00), "Excessive Heat",
  "CALIFORNIA", datetime(2007-09-02 13:30), "Wildfire", "TEXAS", datetime(2007-08-11 13:56), "Wildfire",
  "TEXAS", datetime(2007-08-10 08:00), "Excessive Heat", "OHIO", datetime(2007-08-10 08:00), "Excessive Heat",
  "IOWA", datetime(2007-08-11 13:56), "Wildfire"]`;

/** Some storms: as many rows as pivot's page counts would be too many. */
const WINDS = `datatable(State: string, EventType: string, Deaths: long)["ALABAMA", "Thunderstorm Wind", 1, "ALABAMA", "Thunderstorm Wind", 2,
  "ALASKA", "Thunderstorm Wind", 3, "ALASKA", "High Wind", 4, "OHIO", "Strong Wind", 5]`;

/** A table of steps at minutes after midnight. */
const steps = (...rows: readonly (readonly [name: string, minute: number | string, user?: string])[]) =>
  `datatable(T: datetime, S: string, U: string)[${rows
    .map(([name, minute, user = "u"]) =>
      typeof minute === "number"
        ? `datetime(2026-01-01 00:${String(minute).padStart(2, "0")}), "${name}", "${user}"`
        : `${minute}, "${name}", "${user}"`,
    )
    .join(", ")}]`;

const detected = (table: string, more = "") =>
  `${table} | evaluate sequence_detect(T, 10m, 15m, a = (S has "a"), b = (S has "b")${more}) | project-away Duration`;

const at = (minute: number) => `2026-01-01T00:${String(minute).padStart(2, "0")}:00.0000000Z`;

/** Functions that depend on the order of the rows, and sequences. */
export const ROW_CASES: readonly CaseGroup[] = [
  printed("row-number-function", {
    query: `${FLIGHTS} | sort by Airport asc, Departures desc | extend Rank = row_number(1, prev(Airport) != Airport)`,
    rows: [
      ["SEA", "BA", 2, 1],
      ["SEA", "LH", 1, 2],
      ["SEA", "LY", 0, 3],
      ["TLV", "LY", 100, 1],
      ["TLV", "LH", 1, 2],
    ],
  }),
  derived(
    "row-number-function",
    { query: `${NUMBERS} | extend n = row_number()`, rows: [[1, 1], [2, 2], [3, 3]] }, // prettier-ignore
    { query: `${NUMBERS} | extend n = row_number(7)`, rows: [[1, 7], [2, 8], [3, 9]] }, // prettier-ignore
    { query: `${NUMBERS} | where row_number() < 3 | project n = row_number() * 10`, rows: [[10], [20]] },
    { query: `${NUMBERS} | top 2 by x | serialize n = row_number()`, rows: [[3, 1], [2, 2]] }, // prettier-ignore
  ),
  printed(
    "row-cumsum-function",
    {
      query: "datatable(a: long)[1, 2, 3, 4, 5, 6, 7, 8, 9, 10] | where a % 2 == 0 | serialize cs = row_cumsum(a)",
      rows: [[2, 2], [4, 6], [6, 12], [8, 20], [10, 30]], // prettier-ignore
    },
    {
      query: `${SALARIES} | order by name asc, month asc | extend total = row_cumsum(salary, name != prev(name))`,
      rows: [
        ["Alice", 1, 1000, 1000],
        ["Alice", 2, 2000, 3000],
        ["Alice", 3, 1400, 4400],
        ["Bob", 1, 1000, 1000],
        ["Bob", 2, 1950, 2950],
        ["Bob", 3, 1450, 4400],
      ],
    },
  ),
  derived("row-cumsum-function", {
    query: "datatable(x: long)[long(null), 1, long(null), 2] | serialize s = row_cumsum(x) | project s",
    rows: [[null], [1], [1], [3]],
  }),
  printed("row-rank-dense-function", {
    query: `${DEPARTURES} | sort by Departures asc | extend Rank = row_rank_dense(Departures) | project Departures, Rank`,
    rows: [[2, 1], [3, 2], [3, 2], [3, 2], [100, 3]], // prettier-ignore
  }),
  printed("row-rank-dense-function", {
    query: `datatable(Airport: string, Airline: string, Departures: long)["SEA", "LH", 3, "SEA", "LY", 100, "SEA", "UA", 3, "SEA", "BA", 2, "SEA", "EL", 3, "AMS", "EL", 1, "AMS", "BA", 1]
      | sort by Airport desc, Departures asc | extend Rank = row_rank_dense(Departures, prev(Airport) != Airport) | project Airport, Departures, Rank`,
    rows: [
      ["SEA", 2, 1],
      ["SEA", 3, 2],
      ["SEA", 3, 2],
      ["SEA", 3, 2],
      ["SEA", 100, 3],
      ["AMS", 1, 1],
      ["AMS", 1, 1],
    ],
  }),
  printed("row-rank-min-function", {
    query: `${DEPARTURES} | sort by Departures asc | extend Rank = row_rank_min(Departures) | project Departures, Rank`,
    rows: [[2, 1], [3, 2], [3, 2], [3, 2], [100, 5]], // prettier-ignore
  }),
  printed("row-window-session-function", {
    query: `datatable(ID: string, Timestamp: datetime)["1", datetime(2024-04-11 10:00:00), "2", datetime(2024-04-11 10:18:00), "1", datetime(2024-04-11 11:00:00), "3", datetime(2024-04-11 11:30:00), "2", datetime(2024-04-11 13:30:00), "2", datetime(2024-04-11 10:16:00)]
      | sort by ID asc, Timestamp asc | extend SessionStarted = row_window_session(Timestamp, 1h, 5m, ID != prev(ID)) | project ID, SessionStarted`,
    rows: [
      ["1", "2024-04-11T10:00:00.0000000Z"],
      ["1", "2024-04-11T11:00:00.0000000Z"],
      ["2", "2024-04-11T10:16:00.0000000Z"],
      ["2", "2024-04-11T10:16:00.0000000Z"],
      ["2", "2024-04-11T13:30:00.0000000Z"],
      ["3", "2024-04-11T11:30:00.0000000Z"],
    ],
  }),
  derived("row-window-session-function", {
    query: `datatable(m: long)[0, 4, 8, 12, 15, 20] | extend T = datetime(2026-01-01) + m * 1m | sort by T asc
      | project m, s = tolong((row_window_session(T, 12m, 5m) - datetime(2026-01-01)) / 1m)`,
    rows: [[0, 0], [4, 0], [8, 0], [12, 12], [15, 12], [20, 20]], // prettier-ignore
  }),
  printed("prev-function", {
    query: `datatable(session_title: string, session_type: string)["Vision Keynote", "Keynote", "Azure Data Explorer", "Expo Session", "Azure's Data Platform", "Breakout"]
      | serialize previous_session_type = prev(session_type) | project session_type, previous_session_type`,
    rows: [
      ["Keynote", ""],
      ["Expo Session", "Keynote"],
      ["Breakout", "Expo Session"],
    ],
  }),
  derived(
    "prev-function",
    { query: `${NUMBERS} | project p = prev(x), q = prev(x, 2, -1)`, rows: [[null, -1], [1, -1], [2, 1]] }, // prettier-ignore
    { query: `${NUMBERS} | where x - prev(x) == 1`, rows: [[2], [3]] },
    { query: `${NUMBERS} | extend x = prev(x)`, rows: [[null], [1], [2]] },
  ),
  printed("next-function", {
    query: `datatable(session_title: string, session_type: string)["Vision Keynote", "Keynote", "Azure Data Explorer", "Expo Session", "Azure's Data Platform", "Breakout"]
      | serialize next_session_type = next(session_type) | project session_type, next_session_type`,
    rows: [
      ["Keynote", "Expo Session"],
      ["Expo Session", "Breakout"],
      ["Breakout", ""],
    ],
  }),
  derived(
    "next-function",
    { query: `${NUMBERS} | project n = next(x), m = next(x, 2, 0)`, rows: [[2, 3], [3, 0], [null, 0]] }, // prettier-ignore
  ),
  printed("sequence-detect-plugin", {
    query: `${STORMS} | evaluate sequence_detect(StartTime, 5d, 5d, heat=(EventType == "Excessive Heat"), wildfire=(EventType == 'Wildfire'), State)`,
    rows: [
      ["CALIFORNIA", "2007-05-08T00:00:00.0000000Z", "2007-05-08T16:02:00.0000000Z", "16:02:00"],
      ["CALIFORNIA", "2007-05-08T00:00:00.0000000Z", "2007-05-10T11:30:00.0000000Z", "2.11:30:00"],
      ["TEXAS", "2007-08-10T08:00:00.0000000Z", "2007-08-11T13:56:00.0000000Z", "1.05:56:00"],
      ["CALIFORNIA", "2007-08-31T08:00:00.0000000Z", "2007-09-01T11:28:00.0000000Z", "1.03:28:00"],
      ["CALIFORNIA", "2007-08-31T08:00:00.0000000Z", "2007-09-02T13:30:00.0000000Z", "2.05:30:00"],
      ["CALIFORNIA", "2007-09-02T12:00:00.0000000Z", "2007-09-02T13:30:00.0000000Z", "01:30:00"],
    ],
  }),
  derived(
    "sequence-detect-plugin",
    // The limits are included. A row before the first step does not count as a step.
    { query: detected(steps(["b", 0], ["a", 1], ["b", 11], ["b", 12])), rows: [[at(1), at(11)]] },
    // A time that is unknown, and another dimension.
    { query: detected(steps(["a", 1], ["b", "datetime(null)"], ["b", 2, "v"]), ", U"), rows: [] },
    // One row is not two steps, but two rows of one time are.
    { query: detected(steps(["a b", 1])), rows: [] },
    { query: detected(steps(["b", 1], ["a", 1])), rows: [[at(1), at(1)]] },
    // The same times are one sequence.
    { query: detected(steps(["a", 1], ["a", 1], ["b", 2])), rows: [[at(1), at(2)]] },
    // The span limits the whole sequence, each step the time from the one before.
    {
      query: `${steps(["a", 1], ["b", 9], ["c", 16], ["c", 17])} | evaluate sequence_detect(T, 10m, 15m, a = S == "a", b = S == "b", c = S == "c") | project c_T`,
      rows: [[at(16)]],
    },
  ),
  derived(
    "pivot-plugin",
    {
      query: `${WINDS} | project-away Deaths | evaluate pivot(State): (EventType: string, ALASKA: long, ALABAMA: long)`,
      rows: [
        ["Thunderstorm Wind", 1, 2],
        ["High Wind", 1, 0],
        ["Strong Wind", 0, 0],
      ],
    },
    {
      query: `${WINDS} | evaluate pivot(State, sum(Deaths)) | where ALASKA > 3 | project EventType, ALASKA`,
      rows: [["High Wind", 4]],
    },
    {
      query: `${WINDS} | evaluate pivot(EventType, make_set(Deaths), State) | project State, w = ['Thunderstorm Wind']`,
      rows: [
        ["ALABAMA", [1, 2]],
        ["ALASKA", [3]],
        ["OHIO", []],
      ],
    },
    {
      query: `datatable(k: string, v: string)["a", "x", "b", "y", "a", "z"] | evaluate pivot(k, make_list(v)) | extend x = todynamic(column_ifexists("a", "")), y = column_ifexists("no such value", "") | project x, y`,
      rows: [[["x", "z"], []]],
    },
    {
      query: `print Id = 1, d = dynamic([{"key": "ip", "value": "192.0.2.1"}, {"key": "agent", "value": "x"}]) | mv-expand d | evaluate bag_unpack(d)
        | evaluate pivot(key, make_set(value)) | extend ip = todynamic(column_ifexists("ip", "")) | mv-expand ip | project Id, ip = tostring(ip)`,
      rows: [[1, "192.0.2.1"]],
    },
  ),
];
