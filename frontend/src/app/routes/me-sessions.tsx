import { PageHeader } from "@/components/ui/page-header";
import { PanelStack } from "@/features/me/components/panel-stack";
import { SessionsPanel } from "@/features/me/components/sessions-panel";

export function MySessionsRoute() {
  return (
    <>
      <PageHeader title="Sessions" answer="Every browser in which you are signed in. End those that you do not know, and choose a new password." />
      <PanelStack>
        <SessionsPanel />
      </PanelStack>
    </>
  );
}
