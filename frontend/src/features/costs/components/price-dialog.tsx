import { Select, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { changePrice, costKeys, createPrice } from "@/features/costs/api/costs";
import { amountGap, currencyGap, KIND_WORDS, PER_WORDS, UNITS } from "@/features/costs/model";
import { useWorkspace } from "@/lib/workspace";
import type { Price, PriceInput, Rate } from "@/schema/wire/costs";

interface PriceDialogProps {
  /** The one to change; a new one when there is none. */
  readonly price?: Price | undefined;
  /** What a new one begins with. */
  readonly after: Rate | null;
  readonly onClose: () => void;
}

type Kind = PriceInput["kind"];
const KINDS = Object.keys(UNITS) as Kind[];
const ALWAYS = "1970-01-01";
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Say what one unit of something costs. */
export function PriceDialog({ price, after, onClose }: PriceDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const first = price ?? after;
  const [kind, setKind] = useState<Kind>(first?.kind ?? "model");
  const [unit, setUnit] = useState<PriceInput["unit"]>(first?.unit ?? "input_tokens");
  const [pattern, setPattern] = useState(first?.pattern ?? "");
  const [amount, setAmount] = useState(first?.price ?? "");
  const [currency, setCurrency] = useState(first?.currency ?? "USD");
  const [from, setFrom] = useState(price === undefined || price.valid_from === ALWAYS ? "" : price.valid_from);
  const save = useMutation({
    mutationFn: () => {
      const said = { pattern: pattern.trim(), price: amount.trim(), currency, valid_from: from === "" ? ALWAYS : from };
      return price === undefined ? createPrice(slug, { kind, unit, ...said }) : changePrice(slug, price.id, said);
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: costKeys.all(slug) });
      onClose();
    },
  });
  const gap = pattern.trim() === "" ? "Say of what." : (amountGap(amount) ?? currencyGap(currency) ?? (from === "" || DAY.test(from) ? null : "A day, as 2026-11-01."));
  return (
    <FormDialog
      title={price === undefined ? "Add a price" : `Change the price of ${price.pattern}`}
      verb={price === undefined ? "Add price" : "Save"}
      gap={gap}
      busy={save.isPending}
      error={save.error}
      shown={["pattern", "price", "currency", "valid_from", "unit"]}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      {price === undefined && (
        <>
          <Select
            label="Kind"
            data={KINDS.map((value) => ({ value, label: KIND_WORDS[value] }))}
            value={kind}
            allowDeselect={false}
            onChange={(next) => {
              const chosen = (next ?? "model") as Kind;
              setKind(chosen);
              setUnit(UNITS[chosen][0] ?? "input_tokens");
            }}
          />
          <Select label="Price of a" data={UNITS[kind].map((value) => ({ value, label: PER_WORDS[value] }))} value={unit} allowDeselect={false} error={fieldError(save.error, "unit")} onChange={(next) => setUnit((next ?? unit) as PriceInput["unit"])} />
        </>
      )}
      <TextInput label="Of" description="A model's or a warehouse's name; * stands for anything." placeholder="gpt-4o*" value={pattern} maxLength={200} error={fieldError(save.error, "pattern")} onChange={(event) => setPattern(event.currentTarget.value)} data-autofocus />
      <TextInput label="Price" value={amount} inputMode="decimal" error={fieldError(save.error, "price")} onChange={(event) => setAmount(event.currentTarget.value)} />
      <TextInput label="Currency" value={currency} maxLength={3} error={fieldError(save.error, "currency")} onChange={(event) => setCurrency(event.currentTarget.value.toUpperCase())} />
      <TextInput label="From" type="date" description="Empty: always." value={from} error={fieldError(save.error, "valid_from")} onChange={(event) => setFrom(event.currentTarget.value)} />
    </FormDialog>
  );
}
