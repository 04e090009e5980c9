using System.Text;
using CsCheck;
using Tessera.Onnx.Format;
using Tessera.Tests;
using Xunit;

namespace Tessera.Onnx.Tests.Hostile;

/// <summary>Whatever a model says of where its numbers lie, they come from its own folder or not at all.</summary>
public class OutsideFolderTests
{
    private static readonly string[] Pieces = ["..", ".", "", "/", "\\", "~", "models", "weights", "secret", "link", "away", "\0", "%2e%2e", "file:", "C:", "//", "weights/..", "../secret"];

    private static readonly string[] Separators = ["/", "", "//", "\\"];

    [Fact]
    public void Numbers_are_read_of_files_in_the_models_folder_alone()
    {
        using var folder = new TemporaryFolder();
        var models = folder["models"];
        Directory.CreateDirectory(Path.Combine(models, "models"));
        folder.Write("secret", Encoding.ASCII.GetBytes("outside!"));
        File.WriteAllText(Path.Combine(models, "weights"), "inside..");
        File.WriteAllText(Path.Combine(models, "models", "weights"), "inside..");
        File.CreateSymbolicLink(Path.Combine(models, "link"), folder["secret"]);
        Directory.CreateSymbolicLink(Path.Combine(models, "away"), folder.ToString());
        var read = 0;
        (from pieces in Gen.Int[0, Pieces.Length - 1].Select(static index => Pieces[index]).Array[1, 5]
         from separator in Gen.Int[0, 3].Select(static index => Separators[index])
         from isRooted in Gen.Int[0, 5]
         select (isRooted == 0 ? folder.ToString() + "/" : "") + string.Join(separator, pieces)).Sample(
            location =>
            {
                try
                {
                    var keys = new Dictionary<string, string> { ["location"] = location };
                    var bytes = new ExternalData(Path.Combine(models, "model.onnx")).Read("w", keys, 8);
                    read++;
                    return Encoding.ASCII.GetString(bytes.Span) == "inside..";
                }
                catch (InvalidDataException)
                {
                    return true;
                }
            },
            threads: 1,
            iter: 3000,
            seed: "0000KOIPe643");
        Assert.True(read > 10);
    }
}
