import { RelativeTime } from "@/components/ui/relative-time";
import { isoOf } from "@/features/me/model";
import { useNow } from "@/lib/now";

interface MomentProps {
  /** Seconds since 1970, as the protocol of signing in counts. */
  readonly at: number | null;
  readonly none?: string;
}

/** A moment that has been: the page's clock may be some seconds behind what just happened. */
export function Moment({ at, none = "never" }: MomentProps) {
  const now = useNow();
  return <RelativeTime at={isoOf(at === null ? null : Math.min(at, now / 1000))} none={none} />;
}
