import { useQuery } from "@tanstack/react-query";

import { ErrorState } from "@/components/ui/error-state";
import { Icon } from "@/components/ui/icon";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { testQuery } from "@/features/sso/api/sso";
import { testSentence, wouldSentences } from "@/features/sso/model";
import type { SsoTestResult } from "@/schema/wire/sso";

import styles from "./sso.module.css";

/** What the provider said at the last test, and what would have happened. */
export function TestResult({ account, connection }: { readonly account: string; readonly connection: string }) {
  const test = useQuery(testQuery(account, connection));
  if (test.isPending) return <SkeletonRows rows={3} height={28} label="test" />;
  if (test.isError) return <ErrorState error={test.error} what="test" onRetry={() => void test.refetch()} />;
  const { started_at, result } = test.data;
  return (
    <section className={styles["section"]} aria-label="Last test">
      <p className={styles["note"]}>
        {testSentence(test.data)} {started_at !== null && <RelativeTime at={started_at} />}
      </p>
      {result !== null && <Outcome result={result} />}
    </section>
  );
}

function Outcome({ result }: { readonly result: SsoTestResult }) {
  return (
    <>
      <div className={styles["row"]} role="status">
        <span className={styles["badge"]} data-tone={result.ok ? "ok" : "bad"}>
          <Icon name={result.ok ? "check" : "alert"} size={12} />
          {result.ok ? "Would be let in" : "Refused"}
        </span>
        {result.message !== null && (
          <span>
            {result.message} <code className="mono">{result.code}</code>
            {typeof result.details["reason"] === "string" && <code className="mono"> {result.details["reason"]}</code>}
          </span>
        )}
      </div>
      {result.would !== null && (
        <ul style={{ margin: 0, paddingLeft: 18 }} aria-label="What would happen">
          {wouldSentences(result.would).map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
      {result.asserted !== null && (
        <table className={styles["claims"]}>
          <caption className="visually-hidden">What the provider said</caption>
          <tbody>
            <Claim name="Subject" value={result.asserted.subject} />
            <Claim name="Address" value={result.asserted.email === "" ? "none" : result.asserted.email} />
            <Claim name="Name" value={result.asserted.name === "" ? "none" : result.asserted.name} />
            <Claim name="Groups" value={result.asserted.groups.length === 0 ? "none" : result.asserted.groups.join(", ")} />
            {Object.entries(result.asserted.claims).map(([name, value]) => (
              <Claim key={name} name={name} value={typeof value === "string" ? value : JSON.stringify(value)} />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function Claim({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{value}</td>
    </tr>
  );
}
