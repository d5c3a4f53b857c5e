import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { SettingsPage } from "@/features/settings/components/settings-page";

const route = getRouteApi(paths.settings);

export function SettingsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <SettingsPage search={search} onChange={(change) => void navigate({ search: change, replace: true, resetScroll: false })} />;
}
