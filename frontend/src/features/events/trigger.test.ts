import { expect, it } from "vitest";

import { triggerOf } from "@/features/events/trigger";

it.each<[string, string[], string[]]>([
  ["name:orders.*", ["name:orders.*"], []],
  ["name:a,b -name:c", ["name:a", "name:b", "name:!c"], []],
  ['kind:table resource:"my orders" namespace:postgres://db source:sdk', ["resource.kind:table", "resource.name:my orders", "resource.namespace:postgres://db", "source:sdk"], []],
  ["payload.status:failed,\"timed out\" payload.by.team:core", ["payload.status:failed", "payload.status:timed out", "payload.by.team:core"], []],
  ['payload."two words":x', ["payload.two words:x"], []],
  ["role:reads related:orders", ["related.reads.name:orders"], []],
  ["run:01a1f000-0000-7000-8000-000000000001", ["run.id:01a1f000-0000-7000-8000-000000000001"], []],
  // What a trigger can't say is left out, and said.
  ["name:a late \"timed out\" -x", ["name:a"], ["late", '"timed out"', "-x"]],
  ["payload.rows:>5 payload.rows:!=5 payload.rows:exists", [], ["payload.rows:>5", "payload.rows:!=5", "payload.rows:exists"]],
  ["name:a.* name:*b", ["name:a.*"], ["name:*b"]],
  ["run:none id:x follows:none", [], ["run:none", "id:x", "follows:none"]],
  ['payload."a.b":1', [], ['payload."a.b":1']],
  ['name:"a*" resource:!x', [], ['name:"a*"', "resource:!x"]],
  ["role:reads", [], ["role:reads"]],
  ["related:orders", [], ["related:orders"]],
  ["role:reads -related:orders", [], ["role:reads", "-related:orders"]],
  ["role:reads related:a related.kind:table", [], ["role:reads", "related:a", "related.kind:table"]],
  ['role:reads related:"a*"', [], ["role:reads", 'related:"a*"']],
  ["", [], []],
])("%s", (q, match, left) => {
  expect(triggerOf(q)).toEqual({ match, left });
});
