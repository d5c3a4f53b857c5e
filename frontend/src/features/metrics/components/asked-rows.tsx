import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { Icon } from "@/components/ui/icon";
import { answerQuery } from "@/features/metrics/api/metrics";
import { LETTERS, readAsked, withoutPlace, writeAsked, type Asked } from "@/features/metrics/asked";
import { AlertLink } from "@/features/metrics/components/alert-link";
import { FormulaRow } from "@/features/metrics/components/formula-row";
import { QueryRow } from "@/features/metrics/components/query-row";
import { usualAggregate } from "@/features/metrics/model";
import type { MetricsSearch } from "@/features/metrics/search";
import { asApiError } from "@/lib/errors";
import { useWorkspace } from "@/lib/workspace";
import type { MetricInfo } from "@/schema/wire/telemetry";

import styles from "./metrics.module.css";

interface AskedRowsProps {
  readonly search: MetricsSearch;
  readonly metrics: readonly MetricInfo[];
  readonly onChange: (change: Partial<MetricsSearch>) => void;
}

/** Queries and formulas, each with its letter. */
export function AskedRows({ search, metrics, onChange }: AskedRowsProps) {
  const { slug } = useWorkspace();
  const answer = useQuery(answerQuery(slug, search));
  const texts = search.q ?? [];
  const asked = readAsked(texts);
  const write = (next: readonly string[]) => onChange({ q: next.length === 0 ? undefined : next });
  const put = (each: Asked) => write(texts.map((text, place) => (LETTERS.charAt(place) === each.letter ? writeAsked(each) : text)));
  const remove = (letter: string) => {
    const rest = withoutPlace(texts, LETTERS.indexOf(letter));
    // Formulas alone would have nothing to compute with.
    write(readAsked(rest).some((each) => each.kind === "query") ? rest : []);
  };
  const queries = asked.flatMap((each) => (each.kind === "query" ? [each] : []));
  const formulas = asked.flatMap((each) => (each.kind === "formula" && each.expression !== "" ? [each.letter] : []));
  const last = metrics.find((metric) => metric.name === queries.at(-1)?.query.name) ?? metrics[0];
  const refusals = answer.isError ? (asApiError(answer.error).fields ?? {}) : {};

  return (
    <div className={styles["queries"]}>
      {asked.map((each) =>
        each.kind === "query" ? (
          <QueryRow
            key={each.letter}
            letter={each.letter}
            query={each.query}
            hidden={each.hidden}
            metrics={metrics}
            onChange={(query) => put({ ...each, query })}
            onHide={formulas.length === 0 ? undefined : (hidden) => put({ ...each, hidden })}
            onRemove={() => remove(each.letter)}
          />
        ) : (
          <FormulaRow
            key={each.letter}
            letter={each.letter}
            expression={each.expression}
            error={refusals[`formulas.${formulas.indexOf(each.letter)}.expression`]?.[0] ?? null}
            onChange={(expression) => put({ ...each, expression })}
            onRemove={() => remove(each.letter)}
          />
        ),
      )}
      {texts.length < LETTERS.length && last !== undefined && (
        <div>
          <Button
            variant="subtle"
            leftSection={<Icon name="plus" size={13} />}
            onClick={() => write([...texts, `${usualAggregate(last)}(${last.name})`])}
          >
            Add a query
          </Button>
          <Button variant="subtle" leftSection={<Icon name="plus" size={13} />} onClick={() => write([...texts, `= ${usualFormula(queries.map((each) => each.letter))}`])}>
            Add a formula
          </Button>
          {queries
            .filter(({ query, hidden }) => !hidden && query.offset_seconds === undefined)
            .map(({ letter, query }) => (
              <AlertLink key={letter} query={query} label={queries.length === 1 ? "Make an alert of this" : `Make an alert of ${letter}`} />
            ))}
        </div>
      )}
    </div>
  );
}

function usualFormula(letters: readonly string[]): string {
  const [first = "A", second] = letters;
  return second === undefined ? `${first} * 1` : `${first} / ${second}`;
}
