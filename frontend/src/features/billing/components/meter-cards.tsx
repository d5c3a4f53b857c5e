import { MeterBar } from "@/features/billing/components/meter-bar";
import { forecastSentence, meterHint } from "@/features/billing/model";
import { meterAmount, meterName, meterUnit } from "@/lib/meters";
import { useNow } from "@/lib/now";
import { formatRatio } from "@/lib/units";
import type { MeterUsage, Usage } from "@/schema/wire/billing";

import styles from "./billing.module.css";

interface MeterCardsProps {
  readonly usage: Usage;
  readonly chosen: string;
  readonly onChoose: (meter: string) => void;
}

/** All meters; the one that is chosen is shown by day and by deployment below. */
export function MeterCards({ usage, chosen, onChoose }: MeterCardsProps) {
  const now = useNow();
  return (
    <div className={styles["cards"]} role="group" aria-label="Meters">
      {usage.meters.map((meter) => {
        const forecast = forecastSentence(meter, usage.period, now);
        const hint = meterHint(meter.meter);
        return (
          <button
            key={meter.meter}
            type="button"
            className={styles["card"]}
            aria-pressed={meter.meter === chosen}
            onClick={() => onChoose(meter.meter)}
          >
            <span className={styles["cardName"]}>{meterName(meter.meter)}</span>
            <span className={styles["amount"]}>
              <strong>{meterAmount(meter.meter, meter.used)}</strong> <Share meter={meter} />
            </span>
            {meter.limit !== null && <MeterBar meter={meter} held={[usage.hold, usage.managed_hold].some((hold) => hold?.meter === meter.meter)} />}
            {hint !== null && <span className={styles["hint"]}>{hint}</span>}
            {forecast !== null && <span className={styles["hint"]}>{forecast}</span>}
          </button>
        );
      })}
    </div>
  );
}

function Share({ meter }: { readonly meter: MeterUsage }) {
  const unit = meterUnit(meter.meter);
  if (meter.limit === null) return <span className="muted">{unit}</span>;
  const share = formatRatio(meter.limit === 0 ? 1 : meter.account_used / meter.limit);
  return (
    <span className="muted">
      of {meterAmount(meter.meter, meter.limit)} {unit} · {meter.account_used > meter.used ? `${share} with the other workspaces` : share}
    </span>
  );
}
