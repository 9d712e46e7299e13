declare module "*.css" {
  const text: string;
  export default text;
}

/** Name of the panel's bundle, put in by the build. */
declare const PANEL_FILE: string;
