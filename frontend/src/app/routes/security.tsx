export { SecurityPage } from "@/features/account/security/security-page";
