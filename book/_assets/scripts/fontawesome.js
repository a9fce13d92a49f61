/* Takes the place of the theme's 1.5 MB icon script; the icons come from the theme's own font. */
