namespace Tessera.Bench;

/// <summary>One value of a line: under a heading in tables, under a name in JSON, or only in one of them.</summary>
/// <param name="JsonName">Its name in JSON; null to leave it out there.</param>
/// <param name="Heading">Its heading in tables; null to leave it out there.</param>
/// <param name="Width">Its width in aligned tables; negative for text, which stands at the left.</param>
/// <param name="Value">A text, a number, a truth value, or null where there is none.</param>
/// <param name="Pattern">How tables write the number.</param>
internal sealed record Column(string? JsonName, string? Heading, int Width, object? Value, string Pattern = "");
