/** Our icons: a module with a notch in its upper edge, and what it does. */

import { LabIcon } from "@jupyterlab/ui-components";
import runGuest from "../style/icons/run-guest.svg?raw";
import wasinn from "../style/icons/wasinn.svg?raw";

export const wasinnIcon = new LabIcon({ name: "wasinn-nb:wasinn", svgstr: wasinn });
export const runGuestIcon = new LabIcon({ name: "wasinn-nb:run-guest", svgstr: runGuest });
