import { setupServer } from "msw/node";

import { makeHandlers } from "./handlers";
import { world } from "./world";

export const server = setupServer(...makeHandlers(world));
