import type { IconName } from "@/components/ui/icon";
import { paths } from "@/config/paths";

export interface MeItem {
  readonly to: typeof paths.myKeys;
  readonly label: string;
  readonly icon: IconName;
  /** Typed after `g`. */
  readonly key: string;
}

/** The pages of a person, whatever account they are in. */
export const ME_ITEMS: readonly MeItem[] = [{ to: paths.myKeys, label: "My keys", icon: "key", key: "k" }];
