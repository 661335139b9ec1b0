/**
 * In place of JupyterLab's web components, which ask for more of CSS than happy-dom has. None of
 * ours is among them; these are what its packages call when they are imported.
 */

export const jpButton = (): void => undefined;
export const jpToolbar = (): void => undefined;
export const addJupyterLabThemeChangeListener = (): void => undefined;
export const provideJupyterDesignSystem = (): { register: () => void } => ({
  register: () => undefined,
});
