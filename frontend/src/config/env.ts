/** True in `npm run dev:mock` only; in a build this is a constant, so the mock never reaches one. */
export const isMocked = import.meta.env.DEV && import.meta.env.MODE === "mock";
