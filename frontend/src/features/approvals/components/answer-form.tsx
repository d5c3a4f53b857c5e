import { Group, Stack, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { SchemaFields } from "@/components/form/schema-fields";
import { useSchemaForm } from "@/components/form/use-schema-form";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Refusal } from "@/components/ui/refusal";
import { answerApproval, approvalKeys } from "@/features/approvals/api/approvals";
import { asApiError } from "@/lib/errors";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Approval } from "@/schema/wire/approvals";

import styles from "./approvals.module.css";

interface AnswerFormProps {
  readonly approval: Approval;
  readonly onAnswered?: (() => void) | undefined;
}

const NOTHING = {};

/** Yes with what the form asks for, or no; each with a word if need be. */
export function AnswerForm({ approval, onAnswered }: AnswerFormProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const scopeDenial = useDenial("runs:write");
  const form = useSchemaForm(approval.form, NOTHING, "values");
  const [comment, setComment] = useState("");
  const settle = () => {
    void client.invalidateQueries({ queryKey: approvalKeys.all(slug) });
    onAnswered?.();
  };
  const answer = useMutation({
    mutationFn: (approved: boolean) =>
      answerApproval(slug, approval.id, { approved, comment: comment.trim(), ...(approved && form.fields.length > 0 ? { values: form.parameters } : {}) }),
    onSuccess: (_, approved) => {
      notifications.show({ message: approved ? "Approved" : "Rejected" });
      settle();
    },
    onError: (error) => {
      const refusal = asApiError(error);
      if (refusal.code !== "approval_closed") return;
      // Somebody was faster, or the time was up: the card that comes says what it is now.
      notifications.show({ color: "yellow", message: refusal.message });
      settle();
    },
  });
  const denial = scopeDenial ?? (approval.may.answer ? null : "Rules of its deployment or its pool keep this from you.");
  const problems = form.problems(answer.error);
  const rest = form.rest(answer.error, ["comment"]);
  const isRefusedAsAWhole = answer.error !== null && (rest !== "" || Object.keys(form.refused(answer.error)).length === 0);
  return (
    <form
      noValidate
      aria-label={`Answer: ${approval.title}`}
      className={styles["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (denial === null && !answer.isPending && form.attempt()) answer.mutate(true);
      }}
    >
      <Stack gap={12}>
        {denial === null && (
          <>
            <SchemaFields
              fields={form.fields}
              values={form.values}
              problems={problems}
              focus={false}
              onChange={(values, name) => {
                form.change(values, name);
                answer.reset();
              }}
            />
            <Textarea label="Comment" description="Stands on the run, whichever way you answer." autosize minRows={1} maxRows={8} maxLength={10_000} value={comment} error={problems["comment"]} onChange={(event) => setComment(event.currentTarget.value)} />
          </>
        )}
        {isRefusedAsAWhole && <Refusal error={answer.error} more={rest} />}
        <Group gap={8}>
          <GuardedButton reason={denial} loading={answer.isPending && answer.variables}>
            Approve
          </GuardedButton>
          <GuardedButton
            variant="default"
            reason={denial}
            loading={answer.isPending && !answer.variables}
            onClick={() => {
              if (!answer.isPending) answer.mutate(false);
            }}
          >
            Reject
          </GuardedButton>
        </Group>
      </Stack>
    </form>
  );
}
