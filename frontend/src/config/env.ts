import { z } from "zod/mini";

const schema = z.object({ MODE: z.string(), DEV: z.boolean() });

/** What the build was made for; parsed once, so that a wrong build fails at its first line. */
export const env = schema.parse({ MODE: import.meta.env.MODE, DEV: import.meta.env.DEV });

export const isMocked = env.DEV && env.MODE === "mock";
