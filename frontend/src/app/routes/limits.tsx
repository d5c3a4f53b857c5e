export { LimitsPage } from "@/features/limits/components/limits-page";
