using System.Globalization;

namespace Tessera;

/// <summary>The one sentence that says what a setting must be.</summary>
internal static class Setting
{
    /// <summary>The error of a setting that makes no sense.</summary>
    /// <param name="of">What has the setting.</param>
    /// <param name="setting">Its name.</param>
    /// <param name="value">Its value.</param>
    /// <param name="wanted">What it must be.</param>
    public static ArgumentException Wrong(string of, string setting, double value, string wanted) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{of}: {setting} is {value}; it must be {wanted}."));
}
