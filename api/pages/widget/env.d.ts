declare module "*.css" {
  const text: string;
  export default text;
}

/** File name of the panel's bundle, inserted by build.mjs. */
declare const PANEL_FILE: string;
/** File name of the bundle with the form for e-mail addresses. */
declare const LEAD_FILE: string;
