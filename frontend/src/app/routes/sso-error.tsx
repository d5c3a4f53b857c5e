import { getRouteApi, Link } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { AuthLayout } from "@/features/auth/components/auth-layout";
import { SsoRefused } from "@/features/sso/components/sso-refused";
import { refusalWords } from "@/features/sso/refusals";

const route = getRouteApi(paths.ssoError);

export function SsoErrorPage() {
  const { code, reason, connection } = route.useSearch();
  return (
    <AuthLayout title={refusalWords(code).title}>
      <SsoRefused
        code={code}
        reason={reason}
        connection={connection}
        elsewhere={
          <Link to={paths.login} className="link">
            Log in another way
          </Link>
        }
      />
    </AuthLayout>
  );
}
