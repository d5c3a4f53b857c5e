import type { IconName } from "@/components/ui/icon";
import { paths } from "@/config/paths";

export interface MeItem {
  readonly to: typeof paths.myProfile | typeof paths.mySecurity | typeof paths.mySessions | typeof paths.myKeys;
  readonly label: string;
  readonly icon: IconName;
  /** Typed after `g`. */
  readonly key: string;
}

/** The pages of a person, whatever account they are in. */
export const ME_ITEMS: readonly MeItem[] = [
  { to: paths.myProfile, label: "Profile", icon: "user", key: "p" },
  { to: paths.mySecurity, label: "Security", icon: "lock", key: "s" },
  { to: paths.mySessions, label: "Sessions", icon: "screen", key: "e" },
  { to: paths.myKeys, label: "My keys", icon: "key", key: "k" },
];
