"""What the book build needs: Sphinx extension, widget host, page elements."""
