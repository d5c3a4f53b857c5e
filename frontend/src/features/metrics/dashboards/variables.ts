import { quoted, splitTerms, termOf } from "@/lib/query-terms";
import { readTerm, type ReadValue } from "@/lib/read-term";
import type { DashboardPanel, DashboardVariable, PanelQuery } from "@/schema/wire/dashboards";

export type Chosen = Readonly<Record<string, readonly string[]>>;

/** By variable what the address says, else what the dashboard opens with. */
export function chosenValues(variables: readonly DashboardVariable[], pairs: readonly string[]): Chosen {
  return Object.fromEntries(
    variables.map((variable) => {
      const own = pairs.filter((pair) => pair.startsWith(`${variable.name}=`)).map((pair) => pair.slice(variable.name.length + 1));
      // "table=" alone: everything was chosen on purpose.
      return [variable.name, own.length === 0 ? (variable.default ?? []) : own.filter((value) => value !== "")];
    }),
  );
}

/** The pairs with other values for one variable. */
export function withChosen(pairs: readonly string[], name: string, values: readonly string[]): string[] {
  const others = pairs.filter((pair) => !pair.startsWith(`${name}=`));
  return [...others, ...(values.length === 0 ? [`${name}=`] : values.map((value) => `${name}=${value}`))];
}

/** `$table` in `where` becomes the chosen values; where none is chosen, the label is not asked about. */
export function filledWhere(where: PanelQuery["where"], chosen: Chosen): Record<string, string[]> {
  const filled = Object.entries(where ?? {}).map(([label, values]): [string, string[]] => [
    label,
    values.some((value) => value.startsWith("$") && (chosen[value.slice(1)] ?? []).length === 0)
      ? []
      : [...new Set(values.flatMap((value) => (value.startsWith("$") ? (chosen[value.slice(1)] ?? []) : [value])))],
  ]);
  return Object.fromEntries(filled.filter(([, values]) => values.length > 0));
}

/** The deployment that a panel is narrowed to; of several that are chosen the first, as on the server. */
export function filledDeployment(deployment: string | undefined, chosen: Chosen): string | undefined {
  return deployment?.startsWith("$") === true ? chosen[deployment.slice(1)]?.[0] : deployment;
}

/**
 * A panel's search as the page that it leads to has it: with what is chosen in the place of variables. A term
 * for whose variable nothing is chosen narrows nothing; so does a bare word with several, which that page
 * cannot ask for.
 */
export function filledSearch(search: string | undefined, chosen: Chosen): string | undefined {
  const filled = splitTerms(search ?? "").flatMap((term) => {
    const { isNegated, key, operator, values } = readTerm(term);
    if (!values.some(isVariable)) return [term];
    const found = values.map((value) => (isVariable(value) ? (chosen[value.text.slice(1)] ?? []).map((each) => termOf("", each).slice(1)) : [value.isQuoted ? quoted(value.text) : value.text]));
    const texts = found.flat();
    if (found.some((each) => each.length === 0) || (key === null && texts.length > 1)) return [];
    return [`${isNegated ? "-" : ""}${key === null ? "" : `${key}:${operator}`}${texts.join(",")}`];
  });
  return filled.length === 0 ? undefined : filled.join(" ");
}

/** Names that stand in a panel as variables and are none. */
export function unknownVariables(panel: DashboardPanel, variables: readonly DashboardVariable[]): readonly string[] {
  const known = new Set(variables.map(({ name }) => `$${name}`));
  return [...new Set(saidIn(panel))].filter((text) => text.startsWith("$") && !known.has(text));
}

function saidIn(panel: DashboardPanel): readonly string[] {
  const searched = (search: string | undefined) => splitTerms(search ?? "").flatMap((term) => readTerm(term).values.filter(isVariable).map(({ text }) => text));
  switch (panel.kind) {
    case "chart":
      return [...panel.queries.flatMap(({ where }) => Object.values(where ?? {}).flat()), ...searched(panel.events_q), panel.events_deployment ?? ""];
    case "number":
      return panel.queries.flatMap(({ where }) => Object.values(where ?? {}).flat());
    case "heat_map":
      return Object.values(panel.where ?? {}).flat();
    case "runs":
      return [panel.deployment ?? ""];
    case "events":
    case "logs":
      return [...searched(panel.q), panel.deployment ?? ""];
    case "text":
      return [];
  }
}

function isVariable({ text, isQuoted }: ReadValue): boolean {
  return !isQuoted && text.startsWith("$");
}

const OUTSIDE_QUOTES = /"(?:[^"\\]|\\.)*"|(?<=^-?|[:,=<>])\$[a-z][a-z0-9_]*/g;

/** The panel after variables were given other names, by their old ones. */
export function withRenamed(panel: DashboardPanel, renames: ReadonlyMap<string, string>): DashboardPanel {
  if (renames.size === 0) return panel;
  const value = (text: string) => (text.startsWith("$") ? `$${renames.get(text.slice(1)) ?? text.slice(1)}` : text);
  const where = (found: PanelQuery["where"]) => Object.fromEntries(Object.entries(found ?? {}).map(([label, values]) => [label, values.map(value)]));
  const search = (text: string) =>
    splitTerms(text)
      .map((term) => term.replace(OUTSIDE_QUOTES, value))
      .join(" ");
  const within = <Q extends { readonly where?: PanelQuery["where"] }>(asked: Q) => (asked.where === undefined ? asked : { ...asked, where: where(asked.where) });
  switch (panel.kind) {
    case "chart":
      return {
        ...panel,
        queries: panel.queries.map(within),
        ...(panel.events_q === undefined ? {} : { events_q: search(panel.events_q) }),
        ...(panel.events_deployment === undefined ? {} : { events_deployment: value(panel.events_deployment) }),
      };
    case "number":
      return { ...panel, queries: panel.queries.map(within) };
    case "heat_map":
      return within(panel);
    case "runs":
      return { ...panel, ...(panel.deployment === undefined ? {} : { deployment: value(panel.deployment) }) };
    case "events":
    case "logs":
      return { ...panel, ...(panel.q === undefined ? {} : { q: search(panel.q) }), ...(panel.deployment === undefined ? {} : { deployment: value(panel.deployment) }) };
    case "text":
      return panel;
  }
}
