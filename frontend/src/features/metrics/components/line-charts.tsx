import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { ErrorState } from "@/components/ui/error-state";
import { answerQuery, marksQuery } from "@/features/metrics/api/metrics";
import { formulaUnits, readAsked } from "@/features/metrics/asked";
import { QueryChart } from "@/features/metrics/components/query-chart";
import type { FormulaUnit } from "@/features/metrics/formula-unit";
import { addsUp, unitOf } from "@/features/metrics/model";
import type { MetricsSearch } from "@/features/metrics/search";
import { formatMetricQuery } from "@/features/metrics/sentence";
import { useWorkspace } from "@/lib/workspace";
import type { MetricInfo } from "@/schema/wire/telemetry";

import { MarksNote } from "./marks-note";
import styles from "./metrics.module.css";

interface LineChartsProps {
  readonly search: MetricsSearch;
  readonly metrics: readonly MetricInfo[];
  readonly onZoom: (from: number, to: number) => void;
}

function mixedNote(found: FormulaUnit | undefined): string[] {
  return found?.mixed == null ? [] : [`${found.mixed[0]} and ${found.mixed[1]} together`];
}

/** One chart for each query that is not hidden, and for each formula. */
export function LineCharts({ search, metrics, onZoom }: LineChartsProps) {
  const { slug } = useWorkspace();
  const answer = useQuery(answerQuery(slug, search));
  const marks = useQuery(marksQuery(slug, search));
  const asked = readAsked(search.q ?? []);
  if (answer.isError) return <ErrorState error={answer.error} what="chart" onRetry={() => void answer.refetch()} />;
  const { data } = answer;
  if (data === undefined) return <Skeleton height={340} role="status" aria-label="Loading the chart" />;
  const infoOf = (name: string) => metrics.find((metric) => metric.name === name);
  const computed = formulaUnits(asked, (name) => infoOf(name)?.unit ?? null);
  return (
    <div className={styles["charts"]} data-stale={answer.isPlaceholderData}>
      {search.events !== undefined && <MarksNote events={search.events} marks={marks} search={search} />}
      {asked.map((each) => {
        if (each.kind === "query" && each.hidden) return null;
        const shared = { letter: each.letter, answer: data, marks: marks.data?.marks, onZoom };
        if (each.kind === "formula") {
          const found = data.formulas.find((result) => result.letter === each.letter);
          if (found === undefined) return null;
          return (
            <QueryChart
              {...shared}
              key={each.letter}
              title={each.expression}
              unit={computed.get(each.letter)?.unit ?? null}
              adds={asked.some((one) => one.kind === "query" && addsUp(one.query.aggregate))}
              result={found}
              nothing="Nothing to compute in this range: no lines of both sides met."
              notes={[...(found.unmet === 0 ? [] : [`${found.unmet} without a partner`]), ...mixedNote(computed.get(each.letter))]}
            />
          );
        }
        const info = infoOf(each.query.name);
        const found = data.results.find((result) => result.letter === each.letter);
        const title = formatMetricQuery(each.query);
        return (
          <QueryChart
            {...shared}
            key={each.letter}
            title={title}
            adds={addsUp(each.query.aggregate)}
            unit={unitOf(each.query.aggregate, info?.unit ?? null)}
            result={found}
            seriesCount={found?.matched_series ?? info?.series ?? null}
            nothing={info === undefined ? `No metric is called ${each.query.name}.` : "No points in this range."}
          />
        );
      })}
    </div>
  );
}
