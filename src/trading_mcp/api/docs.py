"""placeholder"""

from litestar.openapi.plugins import OpenAPIRenderPlugin


class DocsPage(OpenAPIRenderPlugin):
    def render(self, request, openapi_schema):
        return b"<html>x"
