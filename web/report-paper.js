"use strict";
/**
 * Before anything is drawn: a canvas is printed as it was drawn for the screen, and three dots to the pixel look sharp on
 * paper. The property is made to be replaced (CSSOM View), and uPlot reads it when it is loaded.
 */
globalThis.devicePixelRatio = Math.max(3, globalThis.devicePixelRatio);
