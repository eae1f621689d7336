// Where commands look for it: the page needs it, too.
export { INVISIBLE, visible } from "../src/core/visible-text.ts";
