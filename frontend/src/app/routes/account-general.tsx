import { useRouter } from "@tanstack/react-router";

import { AccountGeneralPage } from "@/features/account/general/general-page";

export function AccountGeneralRoute() {
  const router = useRouter();
  return <AccountGeneralPage onDeleted={() => router.history.push("/")} />;
}
