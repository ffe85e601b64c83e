"""The `[risk]` section of the configuration."""

from trading_mcp.domain.limits import RiskMode, RiskParameters


class RiskSettings(RiskParameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The risk parameters and mode of a new data directory; later ones are set over the API."""

    mode: RiskMode = "Normal"

    def parameters(self) -> RiskParameters:
        """Return the parameters without the mode."""
        return RiskParameters(
            **{name: getattr(self, name) for name in RiskParameters.__struct_fields__}
        )
