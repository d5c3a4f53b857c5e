import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { costKeys, deletePrice, pricesQuery } from "@/features/costs/api/costs";
import { PriceDialog } from "@/features/costs/components/price-dialog";
import { KIND_WORDS, PER_WORDS } from "@/features/costs/model";
import { formatDate } from "@/lib/time";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Price, Rate } from "@/schema/wire/costs";

import styles from "./costs.module.css";

/** What is being said of a price: one that stands, or a new one, maybe after an example. */
type Saying = { readonly price: Price } | { readonly after: Rate | null };

/** What do things cost? */
export function PricesTab() {
  const { slug } = useWorkspace();
  const denial = useDenial("telemetry:manage");
  const unseen = useDenial("usage:read");
  const prices = useQuery({ ...pricesQuery(slug), enabled: unseen === null });
  const [saying, setSaying] = useState<Saying | null>(null);
  const [ending, setEnding] = useState<Price | null>(null);
  if (unseen !== null) {
    return (
      <EmptyState icon="coin" title="Prices are not shown to you">
        {unseen}
      </EmptyState>
    );
  }
  return (
    <div className={styles["stack"]}>
      <div className={styles["head"]}>
        <p className="muted">Costs follow from these prices, also those of days that have been: a price counts from its day on. The exacter name counts before the wider one.</p>
        <GuardedButton reason={denial} leftSection={<Icon name="plus" size={13} />} onClick={() => setSaying({ after: null })}>
          Add a price
        </GuardedButton>
      </div>
      {prices.isPending && <SkeletonRows rows={5} label="prices" />}
      {prices.isError && <ErrorState error={prices.error} what="prices" onRetry={() => void prices.refetch()} />}
      {prices.data !== undefined && (
        <>
          <Panel title="Your prices" flush={prices.data.items.length > 0}>
            {prices.data.items.length === 0 ? (
              <p className="muted">None yet: the examples count.</p>
            ) : (
              <RateTable
                label="Your prices"
                rates={prices.data.items}
                actions={(price) => (
                  <>
                    <GuardedIcon icon="edit" label="Change" name={`Change ${nameOf(price)}`} reason={denial} onClick={() => setSaying({ price })} />
                    <GuardedIcon icon="trash" label="Remove" name={`Remove ${nameOf(price)}`} reason={denial} onClick={() => setEnding(price)} />
                  </>
                )}
              />
            )}
          </Panel>
          <Panel title="Examples" aside="list prices of one day: check them" flush>
            <RateTable
              label="Examples"
              rates={prices.data.examples}
              actions={(rate) => <GuardedIcon icon="plus" label="Say your own" name={`Say your own of ${nameOf(rate)}`} reason={denial} onClick={() => setSaying({ after: rate })} />}
            />
          </Panel>
        </>
      )}
      {saying !== null && <PriceDialog price={"price" in saying ? saying.price : undefined} after={"after" in saying ? saying.after : null} onClose={() => setSaying(null)} />}
      {ending !== null && <EndPrice price={ending} onClose={() => setEnding(null)} />}
    </div>
  );
}

function nameOf(rate: Rate): string {
  return `${rate.pattern}, a ${PER_WORDS[rate.unit]}`;
}

interface RateTableProps<T extends Rate> {
  readonly label: string;
  readonly rates: readonly T[];
  readonly actions: (rate: T) => ReactNode;
}

function RateTable<T extends Rate>({ label, rates, actions }: RateTableProps<T>) {
  return (
    <table className={styles["table"]} aria-label={label}>
      <thead>
        <tr>
          <th className={styles["wide"]}>Kind</th>
          <th>What</th>
          <th>Price</th>
          <th className={styles["wide"]}>From</th>
          <td />
        </tr>
      </thead>
      <tbody>
        {rates.map((rate) => (
          <tr key={`${rate.kind} ${rate.pattern} ${rate.unit} ${rate.valid_from}`}>
            <td className={styles["wide"]}>{KIND_WORDS[rate.kind]}</td>
            <td>
              <code>{rate.pattern}</code>
            </td>
            <td>
              {rate.currency} {rate.price}
              <span className={styles["under"]}>a {PER_WORDS[rate.unit]}</span>
            </td>
            <td className={styles["wide"]}>{rate.valid_from < "2021" ? "always" : formatDate(rate.valid_from)}</td>
            <td>
              <div className={styles["actions"]}>{actions(rate)}</div>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function EndPrice({ price, onClose }: { readonly price: Price; readonly onClose: () => void }) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => deletePrice(slug, price.id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: costKeys.all(slug) });
      onClose();
    },
  });
  return (
    <ConfirmDialog opened title={`Remove the price of ${price.pattern}?`} verb="Remove price" danger busy={end.isPending} error={end.error} onConfirm={() => end.mutate()} onClose={onClose}>
      What it counted for costs what the next price says that fits, or is of unknown cost.
    </ConfirmDialog>
  );
}
