// Where commands look for it: the page needs it, too.
export { INVISIBLE, visible } from "../core/visible-text.ts";
