import { Link } from "@tanstack/react-router";

import { paths } from "@/config/paths";

interface CheckMailProps {
  readonly email: string;
}

/** After signing up. The same words whether the address was free or not: only its owner learns which. */
export function CheckMail({ email }: CheckMailProps) {
  return (
    <div role="status">
      <p style={{ margin: "0 0 12px" }}>
        We sent a mail to {email === "" ? "your address" : <strong>{email}</strong>}. Open its link in this browser and you are in.
      </p>
      <p className="muted" style={{ margin: "0 0 12px", fontSize: 13 }}>
        Nothing came? Look among the spam; after three minutes,{" "}
        <Link to={paths.login} className="link" reloadDocument>
          log in
        </Link>{" "}
        and we send another. On a Headway without a mail server, the mail is printed where the server runs.
      </p>
    </div>
  );
}
