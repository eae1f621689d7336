import { derived, printed, type CaseGroup } from "../semantics.ts";

const TRACE = (n: number, lock: string, release: string, previous: string) =>
  `"Event: NotifySliceRelease (resourceName=PipelineScheduler, totalSlices=27, sliceNumber=${n}, lockTime=02/17/2016 ${lock}, releaseTime=02/17/2016 ${release}, previousLockTime=02/17/2016 ${previous})"`;
const TRACES = `let Traces = datatable(EventText: string)[${TRACE(23, "08:40:01", "08:40:01", "08:39:01")}, ${TRACE(15, "08:40:00", "08:40:00", "08:39:00")}];`;

const ODD_TRACES = `let Traces = datatable(EventText: string)[
  "Event: NotifySliceRelease (resourceName=PipelineScheduler, totalSlices=27, sliceNumber=23, lockTime=02/17/2016 08:40:01, releaseTime=nonValidDateTime 08:40:01, previousLockTime=02/17/2016 08:39:01)",
  "Event: NotifySliceRelease (resourceName=PipelineScheduler, totalSlices=nonValidLongValue, sliceNumber=20, lockTime=02/17/2016 08:40:01, releaseTime=nonValidDateTime 08:40:01, previousLockTime=02/17/2016 08:39:01)"];`;

/** Cases for parse and parse-where. */
export const PARSE_CASES: readonly CaseGroup[] = [
  printed(
    "parse-operator",
    {
      query: `${TRACES} Traces | parse EventText with * "resourceName=" resourceName ", totalSlices=" totalSlices: long * "sliceNumber=" sliceNumber: long * "lockTime=" lockTime ", releaseTime=" releaseTime: date "," * "previousLockTime=" previousLockTime: date ")" *
        | project resourceName, totalSlices, sliceNumber, lockTime, releaseTime, previousLockTime`,
      rows: [
        [
          "PipelineScheduler",
          27,
          23,
          "02/17/2016 08:40:01",
          "2016-02-17T08:40:01.0000000Z",
          "2016-02-17T08:39:01.0000000Z",
        ],
        [
          "PipelineScheduler",
          27,
          15,
          "02/17/2016 08:40:00",
          "2016-02-17T08:40:00.0000000Z",
          "2016-02-17T08:39:00.0000000Z",
        ],
      ],
    },
    {
      query: `let Leads = datatable(Contacts: string)["Event: LeadContact (email=john@contosohotel.com, Website=https:contosohotel.com)"];
        Leads | parse Contacts with * "email=" alias: string "@" domain: string ", Website=https:" WebsiteDomain: string ")"
        | project EmailAddress = strcat(alias, "@", domain), EmailAlias = alias, WebsiteDomain`,
      rows: [["john@contosohotel.com", "john", "contosohotel.com"]],
    },
    {
      query: `${TRACES} Traces | parse kind=regex EventText with "(.*?)[a-zA-Z]*=" resourceName @", totalSlices=\\s*\\d+\\s*.*?sliceNumber=" sliceNumber: long ".*?(previous)?lockTime=" lockTime ".*?releaseTime=" releaseTime ".*?previousLockTime=" previousLockTime: date "\\\\)"
        | project resourceName, sliceNumber, lockTime, releaseTime, previousLockTime`,
      rows: [
        ["PipelineScheduler", 23, "02/17/2016 08:40:01, ", "02/17/2016 08:40:01, ", "2016-02-17T08:39:01.0000000Z"],
        ["PipelineScheduler", 15, "02/17/2016 08:40:00, ", "02/17/2016 08:40:00, ", "2016-02-17T08:39:00.0000000Z"],
      ],
    },
    {
      query: `${TRACES} Traces | take 1 | parse kind=regex EventText with * "resourceName=" resourceName ',' * | project resourceName`,
      rows: [
        [
          "PipelineScheduler, totalSlices=27, sliceNumber=23, lockTime=02/17/2016 08:40:01, releaseTime=02/17/2016 08:40:01",
        ],
      ],
    },
    {
      query: `${TRACES} Traces | take 1 | parse kind=regex flags=Ui EventText with * "RESOURCENAME=" resourceName ',' * | project resourceName`,
      rows: [["PipelineScheduler"]],
    },
    {
      query: `${ODD_TRACES} Traces | parse kind=relaxed EventText with * "resourceName=" resourceName ", totalSlices=" totalSlices: long ", sliceNumber=" sliceNumber: long * "lockTime=" lockTime ", releaseTime=" releaseTime: date "," * "previousLockTime=" previousLockTime: date ")" *
        | project-away EventText`,
      rows: [
        ["PipelineScheduler", 27, 23, "02/17/2016 08:40:01", null, "2016-02-17T08:39:01.0000000Z"],
        ["PipelineScheduler", null, 20, "02/17/2016 08:40:01", null, "2016-02-17T08:39:01.0000000Z"],
      ],
    },
    {
      query: `${ODD_TRACES} Traces | take 1 | parse EventText with * "resourceName=" resourceName ", totalSlices=" totalSlices: long * "releaseTime=" releaseTime: date "," * | project-away EventText`,
      rows: [["", null, null]],
    },
  ),
  derived(
    "parse-operator",
    { query: `print s = "a=1;b=2" | parse s with "a=" a:long ";b=" b:long | project a, b`, rows: [[1, 2]] },
    { query: `print s = "xa=1" | parse s with "a=" a | project a`, rows: [[""]] },
    { query: `print s = "a=1;tail" | parse s with "a=" a:long ";" | project a`, rows: [[null]] },
    { query: `print s = "a=1;tail" | parse s with "a=" a:long ";" * | project a`, rows: [[1]] },
    { query: `print s = "k=v" | parse s with k "=" v | project k, v`, rows: [["k", "v"]] },
    { query: `print s = dynamic(["[K=1]"]) | parse s with * "K=" k "]" * | project k`, rows: [["1"]] },
    { query: `datatable(s: string)["a=1", "b=2"] | parse-where s with "a=" a:long | project a`, rows: [[1]] },
    { query: `datatable(s: string)["a=x", "a=2"] | parse-where s with "a=" a:long | project a`, rows: [[2]] },
    { query: `datatable(s: string)["a=x"] | parse-where kind=relaxed s with "a=" a:long | project a`, rows: [[null]] },
  ),
];
