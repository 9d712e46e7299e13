declare module "*.css" {
  const text: string;
  export default text;
}

/** File name of the panel's bundle, inserted by build.mjs. */
declare const PANEL_FILE: string;
