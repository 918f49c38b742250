/** Days and hours as people say them: "hôm nay 19:42", "hôm qua", "21/11". Always Vietnam's clock. */
import { t } from "./index.svelte";

const PARTS = new Intl.DateTimeFormat("en-CA", {
  timeZone: "Asia/Ho_Chi_Minh",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const DAY_MS = 86_400_000;

/** "YYYY-MM-DDTHH:MM" in Vietnam of an instant (ISO text or milliseconds). */
export function local(instant: string | number): string {
  const part: Record<string, string> = {};
  for (const { type, value } of PARTS.formatToParts(new Date(instant))) part[type] = value;
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}`;
}

/** "YYYY-MM-DD" of today in Vietnam, `plus` days later. */
export function today(plus = 0): string {
  return local(Date.now() + plus * DAY_MS).slice(0, 10);
}

/** A day in words; the year only when it is another one. */
export function day(date: string): string {
  const word = { [today()]: "day.today", [today(-1)]: "day.yesterday", [today(1)]: "day.tomorrow" } as const;
  const key = word[date.slice(0, 10) as keyof typeof word];
  if (key) return t(key);
  const [year, month, number] = date.slice(0, 10).split("-");
  return year === today().slice(0, 4) ? `${number}/${month}` : `${number}/${month}/${year}`;
}

/** 21/11/2026, for what is printed or held against a source. */
export function date(day: string): string {
  return day.slice(0, 10).split("-").reverse().join("/");
}

/** Day and hour of a local time "YYYY-MM-DDTHH:MM"; midnight stands for "no hour was said". */
export function moment(at: string): string {
  const hour = at.slice(11, 16);
  return hour && hour !== "00:00" ? `${day(at)} ${hour}` : day(at);
}

/** Only the hour when it is today. */
export function brief(at: string): string {
  const hour = at.slice(11, 16);
  return at.slice(0, 10) === today() && hour && hour !== "00:00" ? hour : moment(at);
}

/** How long ago, in one unit: "5 phút", "3 giờ", "2 ngày". */
export function ago(seconds: number): string {
  if (seconds < 3600) return t("ago.minutes", { n: Math.max(1, Math.floor(seconds / 60)) });
  if (seconds < 86_400) return t("ago.hours", { n: Math.floor(seconds / 3600) });
  return t("ago.days", { n: Math.floor(seconds / 86_400) });
}

/** The weekday that comes next, as "YYYY-MM-DD"; 6 is Saturday. Today does not count. */
export function next(weekday: number): string {
  for (let plus = 1; plus < 7; plus++) {
    const date = today(plus);
    if (new Date(`${date}T12:00:00Z`).getUTCDay() === weekday) return date;
  }
  return today(7);
}
