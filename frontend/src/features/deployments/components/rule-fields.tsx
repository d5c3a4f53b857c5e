import { Chip, Group, Input, NativeSelect, NumberInput, Switch, Textarea, TextInput } from "@mantine/core";

import type { SchedulePartProps } from "@/features/deployments/components/schedule-times";
import { FREQUENCIES, MONTHS, ordinal, placeWord, ruleDraft, ruleText, WEEKDAY_WORDS, WEEKDAYS, type RuleDraft } from "@/lib/rrule";

import styles from "./schedules.module.css";

const FREQUENCY_WORDS: Readonly<Record<RuleDraft["freq"], string>> = { HOURLY: "hours", DAILY: "days", WEEKLY: "weeks", MONTHLY: "months", YEARLY: "years" };
const DAYS = [...Array.from({ length: 31 }, (_, index) => index + 1), -1].map((day) => ({ value: String(day), label: ordinal(day) }));
const PLACES = [1, 2, 3, 4, -1].map((place) => ({ value: String(place), label: placeWord(place) }));
const WEEKDAY_CHOICES = WEEKDAYS.map((day) => ({ value: day, label: WEEKDAY_WORDS[day] }));

/** A rule of the calendar, put together by choosing; its text for whoever needs more. */
export function RuleFields({ draft, problemOf, onChange }: SchedulePartProps) {
  const { rule, asText } = draft;
  const set = (change: Partial<RuleDraft>) => onChange({ rule: { ...rule, ...change } }, "rrule");
  const monthly = rule.freq === "MONTHLY" || rule.freq === "YEARLY";
  const readable = ruleDraft(draft.rrule);
  return (
    <>
      <Switch
        label="Write the rule as text"
        description={asText && readable === null ? "The form can’t build what it says." : undefined}
        checked={asText}
        disabled={asText && readable === null}
        onChange={() => onChange(asText ? { asText: false, ...(readable === null ? {} : { rule: readable }) } : { asText: true, rrule: ruleText(rule) }, "rrule")}
      />
      {asText ? (
        <Textarea
          label="Rule"
          description="RFC 5545, without DTSTART"
          autosize
          minRows={2}
          value={draft.rrule}
          spellCheck={false}
          styles={{ input: { fontFamily: "var(--mono)", fontSize: 12.5 } }}
          onChange={(event) => onChange({ rrule: event.currentTarget.value }, "rrule")}
          error={problemOf("rrule")}
        />
      ) : (
        <>
          <div className={styles["pair"]}>
            <NumberInput label="Every" min={1} max={1000} allowDecimal={false} value={rule.every} onChange={(every) => set({ every: Number(every) })} />
            <NativeSelect
              label="Of"
              data={FREQUENCIES.map((value) => ({ value, label: FREQUENCY_WORDS[value] }))}
              value={rule.freq}
              onChange={(event) => set({ freq: event.currentTarget.value as RuleDraft["freq"] })}
            />
          </div>
          {rule.freq === "WEEKLY" && (
            <Input.Wrapper size="xs" label="On">
              <Chip.Group multiple value={[...rule.days]} onChange={(days) => set({ days: WEEKDAYS.filter((day) => days.includes(day)) })}>
                <Group gap={4} mt={4} role="group" aria-label="Days of the week">
                  {WEEKDAYS.map((day) => (
                    <Chip key={day} value={day} size="xs" variant="outline">
                      {WEEKDAY_WORDS[day].slice(0, 3)}
                    </Chip>
                  ))}
                </Group>
              </Chip.Group>
            </Input.Wrapper>
          )}
          {rule.freq === "YEARLY" && (
            <NativeSelect
              label="In"
              data={MONTHS.map((label, index) => ({ value: String(index + 1), label }))}
              value={String(rule.month)}
              onChange={(event) => set({ month: Number(event.currentTarget.value) })}
            />
          )}
          {monthly && (
            <div className={rule.on === "day" ? styles["pair"] : styles["triple"]}>
              <NativeSelect
                label="On"
                data={[
                  { value: "day", label: "the day" },
                  { value: "weekday", label: "the weekday" },
                ]}
                value={rule.on}
                onChange={(event) => set({ on: event.currentTarget.value === "day" ? "day" : "weekday" })}
              />
              {rule.on === "day" ? (
                <NativeSelect label="Day of the month" data={DAYS} value={String(rule.day)} onChange={(event) => set({ day: Number(event.currentTarget.value) })} />
              ) : (
                <>
                  <NativeSelect label="Which" data={PLACES} value={String(rule.place)} onChange={(event) => set({ place: Number(event.currentTarget.value) })} />
                  <NativeSelect label="Weekday" data={WEEKDAY_CHOICES} value={rule.weekday} onChange={(event) => set({ weekday: event.currentTarget.value as RuleDraft["weekday"] })} />
                </>
              )}
            </div>
          )}
          {rule.freq === "HOURLY" ? (
            <NumberInput
              label="At the minute"
              min={0}
              max={59}
              allowDecimal={false}
              value={Number(rule.time.slice(3))}
              onChange={(minute) => set({ time: `00:${String(minute).padStart(2, "0")}` })}
            />
          ) : (
            <TextInput type="time" label="At" value={rule.time} onChange={(event) => set({ time: event.currentTarget.value })} />
          )}
          <div className={rule.end === "never" ? undefined : styles["pair"]}>
            <NativeSelect
              label="Ends"
              data={[
                { value: "never", label: "never" },
                { value: "count", label: "after so many times" },
                { value: "until", label: "after a day" },
              ]}
              value={rule.end}
              onChange={(event) => set({ end: event.currentTarget.value as RuleDraft["end"] })}
            />
            {rule.end === "count" && <NumberInput label="Times" min={1} max={1000} allowDecimal={false} value={rule.count} onChange={(count) => set({ count: Number(count) })} />}
            {rule.end === "until" && <TextInput type="date" label="Last day" value={rule.until} onChange={(event) => set({ until: event.currentTarget.value })} />}
          </div>
          {problemOf("rrule") !== undefined && (
            <p role="alert" className={styles["refused"]}>
              {problemOf("rrule")}
            </p>
          )}
        </>
      )}
    </>
  );
}
