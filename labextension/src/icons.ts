/** Our icons. */

import { LabIcon } from "@jupyterlab/ui-components";
import wasinn from "../style/icons/wasinn.svg?raw";

export const wasinnIcon = new LabIcon({ name: "wasinn-nb:wasinn", svgstr: wasinn });
