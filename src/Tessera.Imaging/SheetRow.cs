namespace Tessera.Imaging;

/// <summary>One row of a sheet.</summary>
/// <param name="Label">What stands before it, in up to three lines, separated by line feeds.</param>
/// <param name="Images">The images, from left to right.</param>
public sealed record SheetRow(string Label, IReadOnlyList<SheetImage> Images);
