"""Style sheet, scripts and icons that every page may load; a package so that the wheel carries them."""
